#include "report/format.h"
#include "report/outputs.h"
#include "report/tables.h"

static const char *const marks[] = {"", "$^{\\approx}$", "$^{\\downarrow}$", "$^{\\uparrow}$"};

static void put(ht_buffer *out, const char *text) { ht__put_escaped(out, HT_ESCAPE_LATEX, text); }

static void put_table(ht_buffer *out, const ht_table *table) {
    if (table->rows < 2) {
        return;
    }
    ht__buffer_text(out, "\\begin{table}\n\\centering\n\\caption{");
    put(out, table->title);
    ht__buffer_text(out, table->note[0] != '\0' ? ". " : "");
    put(out, table->note);
    ht__buffer_text(out, "}\n\\begin{tabular}{");
    for (size_t column = 0; column < table->columns; ++column) {
        ht__buffer_text(out, column < table->text_columns ? "l" : "r");
    }
    ht__buffer_text(out, "}\n\\toprule\n");
    for (size_t row = 0; row < table->rows; ++row) {
        for (size_t column = 0; column < table->columns; ++column) {
            const ht_table_cell *cell = &table->cells[row * table->columns + column];
            ht__buffer_text(out, column > 0 ? " & " : "");
            put(out, cell->text);
            ht__buffer_text(out, marks[cell->change]);
        }
        ht__buffer_text(out, row == 0 ? " \\\\\n\\midrule\n" : " \\\\\n");
    }
    ht__buffer_text(out, "\\bottomrule\n\\end{tabular}\n\\end{table}\n\n");
}

static void put_head(ht_buffer *out) {
    ht__buffer_text(out, "% Needs \\usepackage{booktabs}. Against float, Holm-corrected at 5 %: approx within noise,\n"
                         "% downarrow detectably worse, uparrow detectably better.\n");
}

ht_status ht__render_latex(ht_buffer *out, const ht_results *results, size_t model, ht_error *err) {
    ht_table table;
    put_head(out);
    HT_TRY(ht__table_curve(results, model, &table, err));
    put_table(out, &table);
    HT_TRY(ht__table_size(results, model, &table, err));
    put_table(out, &table);
    HT_TRY(ht__table_layers(results, model, &table, err));
    put_table(out, &table);
    return HT_OK;
}

ht_status ht__render_latex_study(ht_buffer *out, const ht_results *results, ht_error *err) {
    typedef ht_status make_table(const ht_results *, ht_table *, ht_error *);
    static make_table *const tables[] = {ht__table_lossless, ht__table_spread, ht__table_literature, ht__table_claims};
    put_head(out);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; ++i) {
        ht_table table;
        HT_TRY(tables[i](results, &table, err));
        put_table(out, &table);
    }
    return HT_OK;
}
