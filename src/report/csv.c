#include "report/format.h"
#include "report/outputs.h"

static void field(ht_buffer *out, const char *text) {
    ht__put_escaped(out, HT_ESCAPE_CSV, text);
    ht__buffer_text(out, ",");
}

static void number(ht_buffer *out, double value) {
    ht__put_number(out, value);
    ht__buffer_text(out, ",");
}

/* Ends a row: the last field's comma becomes the line end. */
static void end_row(ht_buffer *out) {
    if (!out->failed) {
        out->data[out->size - 1] = '\n';
    }
}

static void put_identity(ht_buffer *out, const ht_results *results, const ht_cell *cell) {
    field(out, results->models[cell->model].id);
    field(out, cell->scheme);
    number(out, cell->bits);
}

static void put_row(ht_buffer *out, const ht_results *results, const ht_cell *cell) {
    static const char *const changes[] = {"", "noise", "worse", "better"};
    const ht_result_model *model = &results->models[cell->model];
    put_identity(out, results, cell);
    field(out, model->dataset);
    field(out, cell->scheme_text);
    field(out, cell->levels);
    field(out, cell->round);
    field(out, cell->granularity);
    field(out, cell->range);
    if (cell->activation_bits != 0) {
        number(out, cell->activation_bits);
    } else {
        field(out, "");
    }
    number(out, cell->fold_batch_norm);
    number(out, !cell->keep_biases);
    number(out, !cell->keep_norms);
    number(out, cell->quant_seed);
    field(out, cell->failed ? "failed" : "done");
    field(out, cell->error);
    field(out, model->regression ? "mse" : "accuracy");
    const double values[] = {cell->value,  cell->low,     cell->high,      cell->count,      cell->loss,
                             model->value, cell->delta,   cell->delta_low, cell->delta_high, cell->p,
                             cell->p_holm, cell->flipped, cell->worse,     cell->better,     cell->smallest_detectable};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; ++i) {
        number(out, values[i]);
    }
    field(out, cell->test);
    field(out, changes[cell->change]);
    number(out, cell->bytes_ideal);
    number(out, cell->bytes_file);
    number(out, cell->ratio_ideal);
    number(out, cell->seconds);
    field(out, cell->id);
    end_row(out);
}

void ht__render_csv(ht_buffer *out, const ht_results *results) {
    ht__buffer_text(out, "model,scheme,bits,dataset,scheme_text,levels,round,granularity,range,activation_bits,"
                         "fold_batch_norm,quantize_biases,quantize_norms,quant_seed,status,error,metric,value,low,high,"
                         "n,loss,float_value,delta,delta_low,delta_high,p,p_holm,flipped,worse,better,"
                         "smallest_detectable,test,verdict,bytes_ideal,bytes_file,ratio_ideal,seconds,cell\n");
    for (size_t i = 0; i < results->cell_count; ++i) {
        put_row(out, results, &results->cells[i]);
    }
}

void ht__render_layers_csv(ht_buffer *out, const ht_results *results) {
    ht__buffer_text(out, "model,scheme,bits,cell,layer,sqnr_db,sqnr_accumulated_db,max_error\n");
    for (size_t i = 0; i < results->cell_count; ++i) {
        const ht_cell *cell = &results->cells[i];
        for (size_t j = 0; j < cell->layer_count; ++j) {
            put_identity(out, results, cell);
            field(out, cell->id);
            field(out, cell->layers[j].name);
            number(out, cell->layers[j].sqnr);
            number(out, cell->layers[j].sqnr_accumulated);
            number(out, cell->layers[j].max_error);
            end_row(out);
        }
    }
}
