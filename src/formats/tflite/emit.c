/* From a graph to a file's content: which tensors are codes, which activations go into the operator before them, the
 * ends, and what the rules of operators are written with. */
#include <math.h>
#include <string.h>

#include "formats/tflite/emit.h"

/* ---- annotations: of a value, or of the value that it is moved from ---- */

/* Has TFLite codes of this kind? int8, uint8, and int16 around zero. */
static bool has_codes(const ht_quantization *q) {
    return !q->codebook && q->groups == 1 && (q->bits == 8 || (q->bits == 16 && q->is_signed && q->zero_point[0] == 0));
}

static ht_status find_annotations(tflite_writing *w) {
    for (size_t i = 0; i < w->graph->value_count; ++i) {
        const ht_value *value = w->graph->values[i];
        if (value->data != NULL || value->quantization == NULL) {
            continue;
        }
        if (!has_codes(value->quantization)) {
            return ht__fail_at(w->err, HT_ERROR_UNSUPPORTED, value->name,
                               "TFLite quantizes activations to int8, uint8 or int16 around zero only.");
        }
        w->annotations[i] = value->quantization;
    }
    for (size_t i = 0; i < w->graph->node_count; ++i) {
        const ht_node *node = w->graph->nodes[i];
        const ht_value *x = node->inputs[0], *y = node->outputs[0];
        if (node->op->selects && x != NULL && w->annotations[y->id] == NULL && y->desc.type == HT_F32) {
            w->annotations[y->id] = w->annotations[x->id];
        }
    }
    return HT_OK;
}

static bool same_codes(const ht_quantization *a, const ht_quantization *b) {
    return a->bits == b->bits && a->is_signed == b->is_signed && a->scale[0] == b->scale[0] &&
           a->zero_point[0] == b->zero_point[0];
}

/* ---- activations that go into the operator before them ---- */

static bool clip_bound(const ht_node *node, uint32_t i, float *out) {
    const ht_value *value = i < node->input_count ? node->inputs[i] : NULL;
    if (value == NULL || value->data == NULL || value->desc.type != HT_F32 || ht__desc_elements(&value->desc) != 1) {
        return false;
    }
    memcpy(out, value->data, sizeof *out);
    return true;
}

int32_t ht__tflite_activation_of(const ht_node *node) {
    float low, high;
    if (strcmp(node->op->name, "Relu") == 0) {
        return TFLITE_RELU;
    }
    if (strcmp(node->op->name, "Clip") != 0 || !clip_bound(node, 1, &low)) {
        return TFLITE_NONE;
    }
    if (!clip_bound(node, 2, &high)) {
        return low == 0 && (node->input_count < 3 || node->inputs[2] == NULL) ? TFLITE_RELU : TFLITE_NONE;
    }
    return low == 0 && high == 6 ? TFLITE_RELU6 : low == -1 && high == 1 ? TFLITE_RELU_N1_TO_1 : TFLITE_NONE;
}

static void find_fusions(tflite_writing *w) {
    for (size_t i = 0; i < w->graph->node_count; ++i) {
        const ht_node *node = w->graph->nodes[i];
        int32_t activation = ht__tflite_activation_of(node);
        const ht_value *x = node->inputs[0];
        const ht_node *before = x != NULL ? x->producer : NULL;
        const tflite_write_rule *rule = before != NULL ? ht__tflite_write_rule(before) : NULL;
        if (activation != TFLITE_NONE && rule != NULL && rule->fuses && !x->is_output && x->quantization == NULL &&
            before->output_count == 1 && w->fusions[x->id].result == NULL &&
            ht__graph_consumers(w->graph, x, NULL, 0) == 1) {
            w->fusions[x->id] = (tflite_fusion){node->outputs[0], activation};
            w->fused[node->outputs[0]->id] = true;
        }
    }
}

/* ---- one node ---- */

static bool same_kind(const ht_quantization *a, const ht_quantization *b) {
    return a->bits == b->bits && a->is_signed == b->is_signed;
}

/* Weights of integer products: signed ones around zero, or the unsigned ones of old files. */
static bool has_integer_weights(const ht_value *weights, const ht_quantization *x) {
    const ht_quantization *q = weights->quantization;
    if (q == NULL || q->codes == NULL || q->codebook || q->element != HT_NONE || q->block != 0 || q->bits > 8) {
        return false;
    }
    for (size_t i = 0; i < q->groups && q->is_signed; ++i) {
        if (q->zero_point[i] != 0) {
            return false;
        }
    }
    return q->is_signed == x->is_signed && (q->is_signed || (q->groups == 1 && x->bits == 8));
}

/* Is this constant a bound or an amount rather than a tensor to compute with? */
static bool is_setting(const tflite_write_rule *rule, const ht_value *input, uint32_t i) {
    return i > 0 && !rule->fuses && input->data != NULL && ht__desc_elements(&input->desc) == 1;
}

/* Do the operands allow work on codes? */
static bool works_on_codes(const tflite_writing *w, const ht_node *node, const tflite_write_rule *rule,
                           const ht_value *result) {
    const ht_quantization *y = w->annotations[result->id];
    if (rule->code_version == 0 || y == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < node->input_count; ++i) {
        const ht_value *input = node->inputs[i];
        if (input == NULL || input->desc.type != HT_F32 || is_setting(rule, input, i)) {
            continue;
        }
        bool weight = (node->op->weight_inputs >> i & 1) != 0, bias = (node->op->bias_inputs >> i & 1) != 0;
        if (bias && node->op->weight_inputs != 0 && input->data != NULL) {
            continue; /* of a product: written with it */
        }
        const ht_quantization *q = input->data != NULL ? input->quantization : w->annotations[input->id];
        bool good = weight && input->data != NULL
                        ? has_integer_weights(input, y)
                        : q != NULL && has_codes(q) && (input->data == NULL || q->codes != NULL) && same_kind(q, y);
        if (!good) {
            return false;
        }
    }
    return node->inputs[0]->desc.type == HT_F32 && node->inputs[0]->data == NULL;
}

/* An annotated result that was computed in float goes through its codes: a saturation that stands for an activation
 * function happens there. */
static ht_status round_result(tflite_writing *w, const ht_value *result) {
    tflite_place *place = &w->places[result->id];
    for (int order = TFLITE_PLAIN; order <= TFLITE_CHANNELS_LAST && result->quantization != NULL; ++order) {
        int32_t real = place->tensors[order][0], codes;
        if (real >= 0 && place->tensors[order][1] < 0) {
            HT_TRY(ht__tflite_tensor_of(w, result, (tflite_order)order, true, &codes));
            const char *name = ht__arena_printf(w->arena, "%s/unrounded", result->name);
            if (name == NULL) {
                return ht__fail_memory(w->err, strlen(result->name));
            }
            w->content.tensors[real].name = name;
        }
        place->tensors[order][0] = -1;
    }
    return HT_OK;
}

static ht_status emit_node(tflite_writing *w, const ht_node *node) {
    const tflite_write_rule *rule = ht__tflite_write_rule(node);
    if (w->fused[node->outputs[0]->id]) {
        return HT_OK;
    }
    if (rule == NULL) {
        return ht__fail_at(w->err, HT_ERROR_UNSUPPORTED, node->name, "The operator %s cannot be written as TFLite.",
                           node->op->name);
    }
    const tflite_fusion *fusion = &w->fusions[node->outputs[0]->id];
    tflite_emission e = {.writing = w, .node = node, .rule = rule, .result = node->outputs[0]};
    if (fusion->result != NULL) {
        e.result = fusion->result;
        e.activation = fusion->activation;
    }
    e.codes = works_on_codes(w, node, rule, e.result);
    HT_TRY(rule->write(&e));
    return e.codes ? HT_OK : round_result(w, e.result);
}

/* ---- what rules are written with ---- */

ht_status ht__tflite_cannot(const tflite_emission *e, const char *what) {
    return ht__fail_at(e->writing->err, HT_ERROR_UNSUPPORTED, e->node->name, "A %s %s cannot be written as TFLite.",
                       e->node->op->name, what);
}

tflite_order ht__tflite_write_order(const tflite_emission *e) {
    bool wanted = false;
    for (uint32_t i = 0; i < e->node->input_count; ++i) {
        const ht_value *input = e->node->inputs[i];
        if (input == NULL || input->data != NULL || input->desc.type != HT_F32) {
            continue;
        }
        const tflite_place *place = &e->writing->places[input->id];
        if (input->desc.rank != 4 && ht__desc_elements(&input->desc) != 1) {
            return TFLITE_PLAIN;
        }
        wanted = wanted ||
                 (input->desc.rank == 4 && place->tensors[TFLITE_PLAIN][0] < 0 && place->tensors[TFLITE_PLAIN][1] < 0);
    }
    return wanted && e->result->desc.rank == 4 ? TFLITE_CHANNELS_LAST : TFLITE_PLAIN;
}

int32_t ht__tflite_write_axis(int64_t axis, int32_t rank, tflite_order order) {
    static const int32_t places[] = {0, 3, 1, 2};
    int32_t normal = (int32_t)(axis < 0 ? axis + rank : axis);
    return order == TFLITE_CHANNELS_LAST && rank == 4 ? places[normal & 3] : normal;
}

ht_status ht__tflite_operand(const tflite_emission *e, uint32_t i, tflite_order order, int32_t *tensor) {
    static const int32_t channels_last[] = {0, 2, 3, 1};
    const ht_value *value = i < e->node->input_count ? e->node->inputs[i] : NULL;
    if (value == NULL) {
        return ht__tflite_cannot(e, "without one of its inputs");
    }
    bool codes = e->codes && value->desc.type == HT_F32;
    bool widened = order == TFLITE_CHANNELS_LAST && value->data != NULL && value->desc.rank < 4 &&
                   ht__desc_elements(&value->desc) > 1;
    return widened ? ht__tflite_write_constant(e->writing, value, channels_last, 4, codes, tensor)
                   : ht__tflite_tensor_of(e->writing, value, order, codes, tensor);
}

ht_status ht__tflite_write_operator(tflite_writing *w, int32_t code, int32_t version, uint8_t options_type,
                                    const int32_t *inputs, size_t count, int32_t output,
                                    tflite_written_operator **out) {
    tflite_content *content = &w->content;
    HT_TRY(ht__grow(w->allocator, &content->operators, sizeof *content->operators, &content->operator_capacity,
                    content->operator_count + 1, w->err));
    tflite_written_operator *op = &content->operators[content->operator_count++];
    *op = (tflite_written_operator){.code = code,
                                    .version = version,
                                    .options_type = options_type,
                                    .input_count = count,
                                    .outputs = {output},
                                    .output_count = 1};
    memcpy(op->inputs, inputs, count * sizeof *inputs);
    if (out != NULL) {
        *out = op;
    }
    return HT_OK;
}

/* The parameters that TFLite wants of the operator's result: those of its input where it only moves codes, and set ones
 * for functions whose range is known. NULL: any. */
static const ht_quantization *wanted_codes(const tflite_emission *e) {
    static const float unit = 1.0f / 256, half = 1.0f / 128, fine = 1.0f / 32768, wide = 16.0f / 256;
    static const float low = -128, middle = 128, none = 0, high = 127, top = 255;
    enum { BYTE, UNSIGNED_BYTE, WORD };
    static const ht_quantization probability[] = {
        [BYTE] = {.bits = 8, .is_signed = true, .axis = -1, .groups = 1, .scale = &unit, .zero_point = &low},
        [UNSIGNED_BYTE] = {.bits = 8, .axis = -1, .groups = 1, .scale = &unit, .zero_point = &none},
        [WORD] = {.bits = 16, .is_signed = true, .axis = -1, .groups = 1, .scale = &fine, .zero_point = &none}};
    static const ht_quantization tangent[] = {
        [BYTE] = {.bits = 8, .is_signed = true, .axis = -1, .groups = 1, .scale = &half, .zero_point = &none},
        [UNSIGNED_BYTE] = {.bits = 8, .axis = -1, .groups = 1, .scale = &half, .zero_point = &middle},
        [WORD] = {.bits = 16, .is_signed = true, .axis = -1, .groups = 1, .scale = &fine, .zero_point = &none}};
    static const ht_quantization logarithm[] = {
        [BYTE] = {.bits = 8, .is_signed = true, .axis = -1, .groups = 1, .scale = &wide, .zero_point = &high},
        [UNSIGNED_BYTE] = {.bits = 8, .axis = -1, .groups = 1, .scale = &wide, .zero_point = &top},
        [WORD] = {.bits = 16, .is_signed = true, .axis = -1, .groups = 1, .scale = &fine, .zero_point = &none}};
    const ht_quantization *y = e->writing->annotations[e->result->id];
    int kind = y->bits == 16 ? WORD : y->is_signed ? BYTE : UNSIGNED_BYTE;
    switch (e->rule->codes) {
    case TFLITE_CODES_OF_INPUT: return e->writing->annotations[e->node->inputs[0]->id];
    case TFLITE_CODES_OF_PROBABILITY: return &probability[kind];
    case TFLITE_CODES_OF_TANGENT: return &tangent[kind];
    case TFLITE_CODES_OF_LOGARITHM: return &logarithm[kind];
    default: return NULL;
    }
}

/* A tensor like the emission's result with other parameters. */
static ht_status new_like_result(const tflite_emission *e, tflite_order order, const ht_quantization *q,
                                 int32_t *tensor) {
    tflite_writing *w = e->writing;
    ht_value like = *e->result;
    const ht_quantization *own = w->annotations[like.id];
    like.name = ht__arena_printf(w->arena, "%s/%s", like.name, e->node->op->name);
    if (like.name == NULL) {
        return ht__fail_memory(w->err, 1);
    }
    w->annotations[like.id] = q;
    ht_status status = ht__tflite_new_tensor(w, &like, order, true, tensor);
    w->annotations[like.id] = own;
    w->places[like.id].tensors[order][1] = -1;
    return status;
}

ht_status ht__tflite_write_result(const tflite_emission *e, tflite_order order, const int32_t *inputs, size_t count,
                                  tflite_written_operator **out) {
    tflite_writing *w = e->writing;
    int32_t version = e->codes ? e->rule->code_version : e->rule->float_version, output, final;
    const ht_quantization *wanted = e->codes ? wanted_codes(e) : NULL;
    bool differs = wanted != NULL && !same_codes(wanted, w->annotations[e->result->id]);
    order = e->result->desc.rank == 4 ? order : TFLITE_PLAIN;
    HT_TRY(differs ? new_like_result(e, order, wanted, &output)
                   : ht__tflite_new_tensor(w, e->result, order, e->codes, &output));
    HT_TRY(ht__tflite_write_operator(w, e->rule->code, version, e->rule->options_type, inputs, count, output, out));
    size_t place = w->content.operator_count - 1;
    if (e->activation != TFLITE_NONE) {
        ht__tflite_option_int(&w->content.operators[place], "fused_activation_function", e->activation);
    }
    if (differs) {
        HT_TRY(ht__tflite_new_tensor(w, e->result, order, true, &final));
        HT_TRY(ht__tflite_write_operator(w, 114, 1, 89, &output, 1, final, NULL)); /* QUANTIZE */
    }
    if (out != NULL) {
        *out = &w->content.operators[place];
    }
    return HT_OK;
}

static void add_option(tflite_written_operator *op, const char *name, const void *bits) {
    if (op->option_count < TFLITE_MOST_OPTIONS) {
        op->options[op->option_count].name = name;
        memcpy(&op->options[op->option_count++].bits, bits, sizeof(uint32_t));
    }
}

void ht__tflite_option_int(tflite_written_operator *op, const char *name, int32_t value) {
    add_option(op, name, &value);
}

void ht__tflite_option_float(tflite_written_operator *op, const char *name, float value) {
    add_option(op, name, &value);
}

/* ---- ends ---- */

static ht_status emit_ends(tflite_writing *w) {
    tflite_content *content = &w->content;
    const ht_graph *graph = w->graph;
    for (size_t i = 0; i < graph->output_count; ++i) {
        const ht_value *value = graph->outputs[i];
        HT_TRY(ht__tflite_tensor_of(w, value, TFLITE_PLAIN, false, &content->outputs[i]));
        /* Whatever the tensor was called inside, outside it is the model's output. */
        bool is_input = false;
        for (size_t k = 0; k < graph->input_count; ++k) {
            is_input = is_input || content->inputs[k] == content->outputs[i];
        }
        if (!is_input) {
            content->tensors[content->outputs[i]].name = value->name;
        }
    }
    return HT_OK;
}

ht_status ht__tflite_emit(tflite_writing *w) {
    const ht_graph *graph = w->graph;
    if (graph->state_count != 0) {
        return ht__fail_at(w->err, HT_ERROR_UNSUPPORTED, graph->states[0].before->name,
                           "A network with states cannot be written as TFLite.");
    }
    HT_TRY(find_annotations(w));
    find_fusions(w);
    for (size_t i = 0; i < graph->input_count; ++i) {
        HT_TRY(ht__tflite_new_tensor(w, graph->inputs[i], TFLITE_PLAIN, false, &w->content.inputs[i]));
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        HT_TRY(emit_node(w, graph->nodes[i]));
    }
    return emit_ends(w);
}
