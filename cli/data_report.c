#include "data_report.h"

#include "table.h"

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static ht_status print_splits(const json_t *report, ht_error *err) {
    const json_t *classes = json_object_get(report, "classes");
    const char *headings[CLI_TABLE_COLUMNS] = {classes != NULL ? "CLASS" : "SPLIT"};
    size_t columns = 1, index;
    const char *split;
    json_t *value, *name;
    json_t *splits = json_object_get(report, "splits");
    cli_table table;
    if (classes == NULL) {
        cli_table_begin(&table, (const char *const[]){"SPLIT", ">SAMPLES"}, 2);
        json_object_foreach(splits, split, value) {
            cli_table_cell(&table, "%s", split);
            cli_table_cell(&table, "%lld", (long long)json_integer_value(json_object_get(value, "samples")));
        }
        return cli_table_print(&table, stdout, err);
    }
    char right[3][16];
    json_object_foreach(splits, split, value) {
        snprintf(right[columns - 1], sizeof right[0], ">%.14s", split);
        headings[columns] = right[columns - 1];
        ++columns;
    }
    cli_table_begin(&table, headings, columns);
    json_array_foreach(classes, index, name) {
        cli_table_cell(&table, "%s", json_string_value(name));
        json_object_foreach(splits, split, value) {
            const json_t *counts = json_object_get(value, "class_counts");
            cli_table_cell(&table, "%lld", (long long)json_integer_value(json_array_get(counts, index)));
        }
    }
    cli_table_cell(&table, "all");
    json_object_foreach(splits, split, value) {
        cli_table_cell(&table, "%lld", (long long)json_integer_value(json_object_get(value, "samples")));
    }
    return cli_table_print(&table, stdout, err);
}

static ht_status print_columns(const json_t *columns, ht_error *err) {
    cli_table table;
    size_t index;
    json_t *column;
    cli_table_begin(&table, (const char *const[]){"COLUMN", "KIND", ">MISSING", ">LEAST", ">MEAN", ">MOST", "WORDS"},
                    7);
    json_array_foreach(columns, index, column) {
        bool target = json_is_true(json_object_get(column, "target"));
        cli_table_cell(&table, "%s", text_of(column, "name"));
        cli_table_cell(&table, "%s%s", text_of(column, "kind"), target ? ", target" : "");
        cli_table_cell(&table, "%lld", (long long)json_integer_value(json_object_get(column, "missing")));
        static const char *const keys[] = {"minimum", "mean", "maximum"};
        for (size_t k = 0; k < 3; ++k) {
            const json_t *number = json_object_get(column, keys[k]);
            char text[32] = "";
            if (number != NULL) {
                snprintf(text, sizeof text, "%.6g", json_number_value(number));
            }
            cli_table_cell(&table, "%s", text);
        }
        const json_t *words = json_object_get(column, "first_words");
        long long distinct = (long long)json_integer_value(json_object_get(column, "distinct"));
        char text[160] = "";
        size_t used = distinct > 0 ? (size_t)snprintf(text, sizeof text, "%lld: ", distinct) : 0;
        for (size_t k = 0; k < json_array_size(words) && used < 60; ++k) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%.20s", k == 0 ? "" : ", ",
                                     json_string_value(json_array_get(words, k)));
        }
        cli_table_cell(&table, "%s", text);
    }
    return cli_table_print(&table, stdout, err);
}

static ht_status print_pictures(const json_t *pictures, ht_error *err) {
    const json_t *height = json_object_get(pictures, "height"), *width = json_object_get(pictures, "width");
    printf("  %lld pictures measured: %lld to %lld wide, %lld to %lld high\n",
           (long long)json_integer_value(json_object_get(pictures, "measured")),
           (long long)json_integer_value(json_array_get(width, 0)),
           (long long)json_integer_value(json_array_get(width, 1)),
           (long long)json_integer_value(json_array_get(height, 0)),
           (long long)json_integer_value(json_array_get(height, 1)));
    cli_table table;
    size_t index;
    json_t *channel;
    cli_table_begin(&table, (const char *const[]){">CHANNEL", ">LEAST", ">MOST", ">MEAN", ">DEVIATION"}, 5);
    json_array_foreach(json_object_get(pictures, "channels"), index, channel) {
        cli_table_cell(&table, "%zu", index);
        cli_table_cell(&table, "%lld", (long long)json_integer_value(json_object_get(channel, "minimum")));
        cli_table_cell(&table, "%lld", (long long)json_integer_value(json_object_get(channel, "maximum")));
        cli_table_cell(&table, "%.2f", json_number_value(json_object_get(channel, "mean")));
        cli_table_cell(&table, "%.2f", json_number_value(json_object_get(channel, "deviation")));
    }
    return cli_table_print(&table, stdout, err);
}

ht_status cli_print_data_report(const json_t *report, ht_error *err) {
    printf("%s: %s\n", text_of(report, "name"), text_of(report, "title"));
    printf("  %s, read by %s", text_of(report, "task"), text_of(report, "reader"));
    if (*text_of(report, "licence") != '\0') {
        printf("; licence: %s", text_of(report, "licence"));
    }
    const json_t *inputs = json_object_get(report, "inputs");
    printf("\n  a network sees ");
    for (size_t i = 0; i < json_array_size(inputs); ++i) {
        printf("%s%lld", i == 0 ? "" : " x ", (long long)json_integer_value(json_array_get(inputs, i)));
    }
    printf("%s\n", json_array_size(inputs) == 0   ? "nothing yet: the data cannot be preprocessed as they are"
                   : json_array_size(inputs) == 1 ? " features"
                                                  : " (channels, height, width)");
    size_t index;
    json_t *file;
    json_array_foreach(json_object_get(report, "files"), index, file) {
        printf("  %-6s %s\n", text_of(file, "part"), text_of(file, "path"));
    }
    printf("\n");
    ht_status status = print_splits(report, err);
    const json_t *columns = json_object_get(report, "columns"), *pictures = json_object_get(report, "pictures");
    if (status == HT_OK && (columns != NULL || pictures != NULL)) {
        printf("\n");
        status = columns != NULL ? print_columns(columns, err) : print_pictures(pictures, err);
    }
    return status;
}
