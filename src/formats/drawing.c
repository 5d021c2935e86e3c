/* A model as a drawing: one page of HTML with an SVG inside, which opens without a network. Each node is a box with its
 * operator, name, result, and the widths and ranges of what is quantized; the colour says the width of its weights, or
 * of its activation where it has no weights. */
#include <math.h>
#include <string.h>

#include "formats/drawing_layout.h"
#include "formats/model.h"
#include "graph/op.h"

/* Pixels. */
enum { BOX_WIDTH = 210, BOX_HEIGHT = 84, COLUMN = 240, ROW = 120, MARGIN = 24 };
enum { MOST_TEXT = 30 }; /* characters that fit into a box */

static const char head[] = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                           "content=\"width=device-width\">\n<title>";
static const char style[] =
    "</title>\n<style>\n"
    "body{font:14px system-ui,sans-serif;margin:1rem;color:#222;background:#fff}\n"
    "svg{font:11px system-ui,sans-serif}\n"
    "rect{stroke:#0004;fill:#e8e8e8} .w16 rect{fill:#d5e3f7} .w8 rect{fill:#d3efd5} .w4 rect{fill:#fbe3bd}\n"
    ".w2 rect{fill:#f7c9c4} text{fill:#222} .op{font-weight:600;font-size:13px} path{fill:none;stroke:#888}\n"
    ".key span{display:inline-block;padding:.1rem .6rem;margin-right:.4rem;border-radius:4px;color:#222}\n"
    "@media (prefers-color-scheme:dark){body{color:#ddd;background:#181818} path{stroke:#777}}\n"
    "</style></head><body>\n";
static const char key[] =
    "<p class=\"key\"><span style=\"background:#e8e8e8\">float</span><span style=\"background:#d5e3f7\">9 to 16 bits"
    "</span><span style=\"background:#d3efd5\">5 to 8 bits</span><span style=\"background:#fbe3bd\">3 and 4 bits"
    "</span><span style=\"background:#f7c9c4\">1 and 2 bits</span></p>\n";

/* At most `most` characters of a name that came from a file; what is cut shows as an ellipsis. */
static void put_text(ht_buffer *out, const char *text, size_t most) {
    size_t length = strlen(text), shown = length > most ? most - 1 : length;
    while (shown < length && shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80) {
        --shown; /* not inside a character */
    }
    for (size_t i = 0; i < shown; ++i) {
        switch (text[i]) {
        case '<': ht__buffer_text(out, "&lt;"); break;
        case '>': ht__buffer_text(out, "&gt;"); break;
        case '&': ht__buffer_text(out, "&amp;"); break;
        case '"': ht__buffer_text(out, "&quot;"); break;
        default: ht__buffer_append(out, (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? " " : &text[i], 1);
        }
    }
    ht__buffer_text(out, shown < length ? "…" : "");
}

static const char *class_of(int32_t bits) {
    return bits == 0 ? "" : bits <= 2 ? "w2" : bits <= 4 ? "w4" : bits <= 8 ? "w8" : "w16";
}

/* The real numbers that the codes of an affine annotation reach; false for codebooks and floats. */
static bool range_of(const ht_quantization *q, double *low, double *high) {
    if (q->codebook || q->element != HT_NONE || q->groups == 0) {
        return false;
    }
    double least = q->is_signed ? -ldexp(1.0, q->bits - 1) : 0.0, most = least + ldexp(1.0, q->bits) - 1.0;
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t g = 0; g < q->groups; ++g) {
        *low = fmin(*low, (least - (double)q->zero_point[g]) * (double)q->scale[g]);
        *high = fmax(*high, (most - (double)q->zero_point[g]) * (double)q->scale[g]);
    }
    return true;
}

static void put_quantization(ht_buffer *out, double x, double y, int line, const char *what, const ht_quantization *q) {
    double low, high;
    ht__buffer_printf(out, "<text x=\"%.0f\" y=\"%.0f\">%s %d bit", x + 8.0, y + 17.0 + 14.0 * line, what,
                      (int)q->bits);
    if (range_of(q, &low, &high)) {
        ht__buffer_printf(out, " %.3g … %.3g", low, high);
    }
    if (q->groups > 1) {
        ht__buffer_printf(out, ", %zu scales", q->groups);
    }
    ht__buffer_text(out, "</text>");
}

/* The quantized constant with the most bits, but for biases, whose 32 bits are sums. */
static const ht_quantization *weight_of(const ht_node *node) {
    const ht_quantization *found = NULL;
    for (uint32_t i = 0; i < node->input_count; ++i) {
        const ht_value *input = node->inputs[i];
        if (input != NULL && input->data != NULL && input->quantization != NULL &&
            input->quantization->wide_codes == NULL && (found == NULL || input->quantization->bits > found->bits)) {
            found = input->quantization;
        }
    }
    return found;
}

static void put_line(ht_buffer *out, double x, double y, int line, const char *class_name, const char *text) {
    ht__buffer_printf(out, "<text class=\"%s\" x=\"%.0f\" y=\"%.0f\">", class_name, x + 8.0, y + 17.0 + 14.0 * line);
    put_text(out, text, MOST_TEXT);
    ht__buffer_text(out, "</text>");
}

static void put_node(ht_buffer *out, const ht_node *node, const ht_node_place *place) {
    const ht_quantization *weight = weight_of(node);
    const ht_value *result = node->output_count > 0 ? node->outputs[0] : NULL;
    const ht_quantization *activation = result != NULL ? result->quantization : NULL;
    double x = MARGIN + COLUMN * ((double)place->column - 0.5), y = MARGIN + (double)ROW * place->row;
    int32_t bits = weight != NULL ? weight->bits : activation != NULL ? activation->bits : 0;
    ht__buffer_printf(out, "<g class=\"%s\"><title>", class_of(bits));
    put_text(out, node->name, 200);
    ht__buffer_text(out, "\n");
    for (uint32_t i = 0; i < node->input_count; ++i) {
        if (node->inputs[i] != NULL) {
            char text[96];
            ht__buffer_text(out, node->inputs[i]->data != NULL ? "constant " : "input ");
            put_text(out, node->inputs[i]->name, 80);
            ht__buffer_printf(out, ": %s\n", ht__desc_print(&node->inputs[i]->desc, text, sizeof text));
        }
    }
    ht__buffer_printf(out, "</title><rect x=\"%.0f\" y=\"%.0f\" width=\"%d\" height=\"%d\" rx=\"6\"/>", x, y, BOX_WIDTH,
                      BOX_HEIGHT);
    char text[96];
    put_line(out, x, y, 0, "op", node->op->name);
    put_line(out, x, y, 1, "", node->name);
    put_line(out, x, y, 2, "", result != NULL ? ht__desc_print(&result->desc, text, sizeof text) : "");
    int line = 3;
    if (weight != NULL) {
        put_quantization(out, x, y, line++, "w", weight);
    }
    if (activation != NULL) {
        put_quantization(out, x, y, line, "a", activation);
    }
    ht__buffer_text(out, "</g>\n");
}

/* A curve from below the producer to above the reader. One that passes other rows goes around the boxes between. */
static void put_edge(ht_buffer *out, const ht_node_place *from, const ht_node_place *to) {
    double half = 0.5 * (COLUMN - BOX_WIDTH), reach = 0.5 * (ROW - BOX_HEIGHT), aside = 0.0;
    double x0 = MARGIN + COLUMN * (double)from->column - half, y0 = MARGIN + (double)ROW * from->row + BOX_HEIGHT;
    double x1 = MARGIN + COLUMN * (double)to->column - half, y1 = MARGIN + (double)ROW * to->row;
    if (to->row - from->row > 1 && fabs(x1 - x0) < COLUMN) {
        aside = 0.8 * COLUMN;
        reach = ROW;
    }
    ht__buffer_printf(out, "<path d=\"M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f\"/>\n", x0, y0, x0 + aside, y0 + reach,
                      x1 + aside, y1 - reach, x1, y1);
}

static void put_edges(ht_buffer *out, const ht_graph *graph, const ht_drawing_layout *layout) {
    for (size_t n = 0; n < graph->node_count; ++n) {
        const ht_node *node = graph->nodes[n];
        for (uint32_t i = 0; i < node->input_count; ++i) {
            if (node->inputs[i] != NULL && node->inputs[i]->producer != NULL) {
                put_edge(out, &layout->places[layout->producers[node->inputs[i]->id]], &layout->places[n]);
            }
        }
    }
}

static ht_status draw(ht_buffer *out, const ht_graph *graph, ht_error *err) {
    ht_drawing_layout layout;
    HT_TRY(ht__drawing_layout(graph, &layout, err));
    const char *name = graph->name != NULL && graph->name[0] != '\0' ? graph->name : "model";
    ht__buffer_text(out, head);
    put_text(out, name, 200);
    ht__buffer_text(out, style);
    ht__buffer_text(out, "<h1>");
    put_text(out, name, 200);
    ht__buffer_printf(out, "</h1>\n<p>%zu nodes. Hold the pointer over one for its operands.</p>\n%s",
                      graph->node_count, key);
    ht__buffer_printf(out, "<svg width=\"%.0f\" height=\"%.0f\">\n", 2.0 * MARGIN + COLUMN * (double)layout.columns,
                      2.0 * MARGIN + (double)ROW * layout.rows);
    put_edges(out, graph, &layout);
    for (size_t n = 0; n < graph->node_count; ++n) {
        put_node(out, graph->nodes[n], &layout.places[n]);
    }
    ht__buffer_text(out, "</svg></body></html>\n");
    ht__free(&graph->ctx->allocator, layout.places);
    ht__free(&graph->ctx->allocator, layout.producers);
    return out->failed ? ht__fail_memory(err, out->capacity) : HT_OK;
}

ht_status ht_model_draw(const ht_model *model, const char *path, bool overwrite, ht_error *err) {
    ht_graph *graph;
    ht_buffer buffer;
    HT_TRY(ht__graph_copy(model->graph, &graph, err));
    ht__buffer_init(&buffer, &model->ctx->allocator);
    /* Shapes for one sample; where that does not fit, they stay as they are. */
    ht_status status = ht__graph_set_batch(graph, 1, err);
    if (status == HT_ERROR_MISMATCH) {
        status = HT_OK;
    }
    if (status == HT_OK) {
        status = draw(&buffer, graph, err);
    }
    if (status == HT_OK) {
        status = ht__file_write(&model->ctx->allocator, path, overwrite, buffer.data, buffer.size, err);
    }
    ht__buffer_free(&buffer);
    ht__graph_destroy(graph);
    return status;
}
