#include <math.h>

#include "report/format.h"
#include "report/outputs.h"
#include "report/summary.h"
#include "report/tables.h"

static const char *const marks[] = {"", " ≈", " ▼", " ▲"};

static void put(ht_buffer *out, const char *text) { ht__put_escaped(out, HT_ESCAPE_MARKDOWN, text); }

static void put_table(ht_buffer *out, const ht_table *table) {
    if (table->rows < 2) {
        return;
    }
    ht__buffer_text(out, "\n### ");
    put(out, table->title);
    ht__buffer_text(out, "\n\n");
    for (size_t row = 0; row < table->rows; ++row) {
        for (size_t column = 0; column < table->columns; ++column) {
            const ht_table_cell *cell = &table->cells[row * table->columns + column];
            ht__buffer_text(out, column == 0 ? "| " : " | ");
            put(out, cell->text);
            ht__buffer_text(out, marks[cell->change]);
        }
        ht__buffer_text(out, " |\n");
        for (size_t column = 0; row == 0 && column < table->columns; ++column) {
            ht__buffer_text(out, column < table->text_columns ? "|---" : "|---:");
        }
        ht__buffer_text(out, row == 0 ? "|\n" : "");
    }
    if (table->note[0] != '\0') {
        ht__buffer_text(out, "\n");
        put(out, table->note);
        ht__buffer_text(out, "\n");
    }
}

/* An indented code block: nothing inside it needs escaping, but it must stay one line. */
static void put_command(ht_buffer *out, const ht_results *results, size_t model) {
    ht_buffer command;
    ht__buffer_init(&command, out->allocator);
    ht__put_command(&command, results, model);
    if (command.size > 0) {
        ht__buffer_text(out, "\n    ");
        ht__put_escaped(out, HT_ESCAPE_TERMINAL, command.data);
        ht__buffer_text(out, "\n");
    }
    out->failed |= command.failed;
    ht__buffer_free(&command);
}

static void put_verdict(ht_buffer *out, const ht_results *results, size_t model) {
    ht_buffer verdict;
    ht__buffer_init(&verdict, out->allocator);
    ht__put_verdict(&verdict, results, model);
    ht__buffer_text(out, "\n**");
    put(out, verdict.size > 0 ? verdict.data : "");
    ht__buffer_text(out, "**\n");
    out->failed |= verdict.failed;
    ht__buffer_free(&verdict);
    put_command(out, results, model);
}

static ht_status put_model(ht_buffer *out, const ht_results *results, size_t index, ht_error *err) {
    const ht_result_model *model = &results->models[index];
    ht__buffer_text(out, "\n## ");
    put(out, model->id);
    ht__buffer_text(out, "\n");
    put_verdict(out, results, index);
    ht__buffer_printf(out, "\nIn float: %s, ", ht__label_value(model->value, model->regression).text);
    ht__buffer_printf(out, "95 %% interval %s to %s, ", ht__label_value(model->low, model->regression).text,
                      ht__label_value(model->high, model->regression).text);
    ht__buffer_printf(out, "%s samples, ", ht__label_count(model->count).text);
    ht__buffer_printf(out, "%s parameters, ", ht__label_count(model->parameters).text);
    ht__buffer_printf(out, "%s.\n", ht__label_bytes(model->bytes).text);
    ht_table table;
    HT_TRY(ht__table_curve(results, index, &table, err));
    put_table(out, &table);
    HT_TRY(ht__table_size(results, index, &table, err));
    put_table(out, &table);
    HT_TRY(ht__table_layers(results, index, &table, err));
    put_table(out, &table);
    return HT_OK;
}

static ht_status put_study_tables(ht_buffer *out, const ht_results *results, ht_error *err) {
    typedef ht_status make_table(const ht_results *, ht_table *, ht_error *);
    static make_table *const tables[] = {ht__table_spread, ht__table_literature, ht__table_claims, ht__table_failed};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; ++i) {
        ht_table table;
        HT_TRY(tables[i](results, &table, err));
        put_table(out, &table);
    }
    return HT_OK;
}

static void put_fact(ht_buffer *out, const char *name, const char *value) {
    if (value[0] != '\0') {
        ht__buffer_printf(out, "- %s: ", name);
        put(out, value);
        ht__buffer_text(out, "\n");
    }
}

static void put_origin(ht_buffer *out, const ht_results *results) {
    ht__buffer_text(out, "\n## How it was made\n\n");
    put_fact(out, "Command", results->command);
    put_fact(out, "Made", results->created);
    put_fact(out, "Halftone", results->version);
    put_fact(out, "Processor", results->cpu);
    if (!isnan(results->seed)) {
        ht__buffer_text(out, "- Seed: ");
        ht__put_number(out, results->seed);
        ht__buffer_text(out, "\n");
    }
    put_fact(out, "SHA-256 of the study", results->hash);
}

ht_status ht__render_markdown(ht_buffer *out, const ht_results *results, ht_error *err) {
    ht__buffer_text(out, "# ");
    put(out, results->study[0] != '\0' ? results->study : "Quantization study");
    ht__buffer_printf(out, "\n\n%zu models, %zu cells", results->model_count, results->cell_count);
    if (results->failed_count > 0) {
        ht__buffer_printf(out, ", %zu of them failed", results->failed_count);
    }
    ht__buffer_text(out, ". Against float: ≈ within noise, ▼ detectably worse, ▲ detectably better (5 %, "
                         "Holm-corrected over the study).\n");
    ht_table table;
    HT_TRY(ht__table_lossless(results, &table, err));
    if (results->series_count > 0) {
        put_table(out, &table);
    }
    HT_TRY(put_model(out, results, results->verdict_model, err));
    for (size_t i = 0; i < results->model_count; ++i) {
        if (i != results->verdict_model) {
            HT_TRY(put_model(out, results, i, err));
        }
    }
    if (results->spread_count + results->literature_count + results->claim_count + results->failed_count > 0) {
        ht__buffer_text(out, "\n## The whole study\n");
    }
    HT_TRY(put_study_tables(out, results, err));
    put_origin(out, results);
    return HT_OK;
}
