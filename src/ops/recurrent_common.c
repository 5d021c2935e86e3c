#include "ops/recurrent_common.h"

#include <string.h>

/* An activation's name, and ONNX's defaults for its numbers. */
typedef struct known_activation {
    const char *name;
    ht_recurrent_activation meaning;
} known_activation;

static const known_activation activations[] = {
    {"Sigmoid", {HT_RECURRENT_SIGMOID, 0, 0}},
    {"Tanh", {HT_RECURRENT_TANH, 0, 0}},
    {"Relu", {HT_RECURRENT_RELU, 0, 0}},
    {"Affine", {HT_RECURRENT_AFFINE, 1.0f, 0.0f}},
    {"LeakyRelu", {HT_RECURRENT_LEAKY_RELU, 0.01f, 0.0f}},
    {"ThresholdedRelu", {HT_RECURRENT_THRESHOLDED_RELU, 1.0f, 0.0f}},
    {"ScaledTanh", {HT_RECURRENT_SCALED_TANH, 1.0f, 1.0f}},
    {"HardSigmoid", {HT_RECURRENT_HARD_SIGMOID, 0.2f, 0.5f}},
    {"Elu", {HT_RECURRENT_ELU, 1.0f, 0.0f}},
    {"Softsign", {HT_RECURRENT_SOFTSIGN, 0, 0}},
    {"Softplus", {HT_RECURRENT_SOFTPLUS, 0, 0}},
};

static char lower_case(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Names count without case. */
static const known_activation *find_activation(const char *name) {
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; ++i) {
        const char *known = activations[i].name, *given = name;
        while (*known != '\0' && lower_case(*known) == lower_case(*given)) {
            ++known;
            ++given;
        }
        if (*known == '\0' && *given == '\0') {
            return &activations[i];
        }
    }
    return NULL;
}

/* f, g and h where the attribute activations is absent. */
static void set_defaults(ht_recurrent_kind kind, ht_recurrent_parameters *out) {
    for (int d = 0; d < 2; ++d) {
        ht_recurrent_activation sigmoid = {HT_RECURRENT_SIGMOID, 0, 0}, tanh = {HT_RECURRENT_TANH, 0, 0};
        out->activations[d][0] = kind == HT_RECURRENT_RNN ? tanh : sigmoid;
        out->activations[d][1] = out->activations[d][2] = tanh;
    }
}

/* The attribute activations, with its numbers: activation_alpha and activation_beta name those of the activations that
 * take some, in order. */
static ht_status read_activations(const ht_node *node, ht_recurrent_kind kind, ht_recurrent_parameters *out,
                                  ht_error *err) {
    const ht_attribute *names = ht__node_attribute(node, "activations");
    size_t each = kind == HT_RECURRENT_LSTM ? 3 : kind == HT_RECURRENT_GRU ? 2 : 1, alphas, betas, a = 0, b = 0;
    const float *alpha = ht__node_floats(node, "activation_alpha", &alphas);
    const float *beta = ht__node_floats(node, "activation_beta", &betas);
    set_defaults(kind, out);
    if (names == NULL) {
        return HT_OK;
    }
    if (names->kind != HT_ATTRIBUTE_TEXTS || names->count != each * (size_t)out->directions) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "%s needs %zu activations for each direction.",
                           node->op->name, each);
    }
    for (size_t i = 0; i < names->count; ++i) {
        const known_activation *known = find_activation(names->texts[i]);
        if (known == NULL) {
            return ht__fail_at(err, HT_ERROR_UNSUPPORTED, node->name, "The activation %s of %s is not known.",
                               names->texts[i], node->op->name);
        }
        ht_recurrent_activation own = known->meaning;
        bool one = own.function >= HT_RECURRENT_AFFINE && own.function <= HT_RECURRENT_ELU;
        bool two = own.function == HT_RECURRENT_AFFINE || own.function == HT_RECURRENT_SCALED_TANH ||
                   own.function == HT_RECURRENT_HARD_SIGMOID;
        own.alpha = one && a < alphas ? alpha[a++] : own.alpha;
        own.beta = two && b < betas ? beta[b++] : own.beta;
        out->activations[i / each][i % each] = own;
    }
    return HT_OK;
}

static ht_status read(const ht_node *node, ht_recurrent_kind kind, ht_recurrent_parameters *out, ht_error *err) {
    const char *direction = ht__node_text(node, "direction", "forward");
    memset(out, 0, sizeof *out);
    out->kind = kind;
    bool both = strcmp(direction, "bidirectional") == 0;
    out->reverse = strcmp(direction, "reverse") == 0;
    if (!both && !out->reverse && strcmp(direction, "forward") != 0) {
        return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The direction %s of %s is not known.", direction,
                           node->op->name);
    }
    out->directions = both ? 2 : 1;
    out->batch_first = ht__node_int(node, "layout", 0) != 0;
    out->linear_before_reset = ht__node_int(node, "linear_before_reset", 0) != 0;
    out->input_forget = ht__node_int(node, "input_forget", 0) != 0;
    out->clip = ht__node_float(node, "clip", 0.0f);
    return read_activations(node, kind, out, err);
}

/* Is input i absent, or of `rank` dimensions that do not contradict `dims` (-1: any)? */
static bool fits(const ht_node *node, uint32_t i, int32_t rank, const int64_t *dims) {
    if (!ht__has_input(node, i)) {
        return true;
    }
    const ht_tensor_desc *desc = &node->inputs[i]->desc;
    bool same = desc->rank == rank;
    for (int32_t k = 0; k < rank && same; ++k) {
        same = desc->dims[k] < 0 || dims[k] < 0 || desc->dims[k] == dims[k];
    }
    return same;
}

/* The hidden size: the attribute, or what the recurrent weights say; -1 unknown. */
static int64_t hidden_size(const ht_node *node) {
    const ht_tensor_desc *r = &node->inputs[2]->desc;
    int64_t stated = ht__node_int(node, "hidden_size", -1);
    return stated > 0 ? stated : r->rank == 3 ? r->dims[2] : -1;
}

static ht_status check_inputs(const ht_node *node, const ht_recurrent_parameters *p, int64_t hidden, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t batch = x->dims[p->batch_first ? 0 : 1], directions = p->directions;
    int64_t rows = hidden < 0 || hidden > INT32_MAX ? -1 : ht__recurrent_gates(p->kind) * hidden;
    const int64_t state_first = p->batch_first ? batch : directions, state_second = p->batch_first ? directions : batch;
    const int64_t shapes[8][3] = {{-1, -1, -1},
                                  {directions, rows, x->dims[2]},
                                  {directions, rows, hidden},
                                  {directions, rows < 0 ? -1 : 2 * rows},
                                  {batch},
                                  {state_first, state_second, hidden},
                                  {state_first, state_second, hidden},
                                  {directions, rows < 0 ? -1 : 3 * hidden}};
    const int32_t ranks[8] = {3, 3, 3, 2, 1, 3, 3, 2};
    for (uint32_t i = 1; i < node->input_count && i < 8; ++i) {
        if (!fits(node, i, ranks[i], shapes[i])) {
            char text[96];
            return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "Input %u of %s, %s, does not fit the others.",
                               i + 1, node->op->name, ht__desc_print(&node->inputs[i]->desc, text, sizeof text));
        }
    }
    return HT_OK;
}

ht_status ht__recurrent_infer(ht_node *node, ht_recurrent_kind kind, ht_error *err) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    ht_recurrent_parameters p;
    HT_TRY(read(node, kind, &p, err));
    if (x->rank != 3) {
        return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "%s needs a sequence of rank 3, not %d.", node->op->name,
                           (int)x->rank);
    }
    int64_t hidden = hidden_size(node), steps = x->dims[p.batch_first ? 1 : 0], batch = x->dims[p.batch_first ? 0 : 1];
    HT_TRY(check_inputs(node, &p, hidden, err));
    ht_tensor_desc y = {.type = x->type, .rank = 4, .dims = {steps, p.directions, batch, hidden}};
    ht_tensor_desc last = {.type = x->type, .rank = 3, .dims = {p.directions, batch, hidden}};
    if (p.batch_first) {
        y = (ht_tensor_desc){.type = x->type, .rank = 4, .dims = {batch, steps, p.directions, hidden}};
        last = (ht_tensor_desc){.type = x->type, .rank = 3, .dims = {batch, p.directions, hidden}};
    }
    HT_TRY(ht__set_output(node, 1, &last, err));
    HT_TRY(ht__set_output(node, 2, &last, err));
    return ht__set_output(node, 0, &y, err);
}

ht_status ht__recurrent_lower(const ht_node *node, ht_recurrent_kind kind, ht_kernel_call *call, ht_error *err) {
    return read(node, kind, HT_LOWER(ht_recurrent_parameters, call, ht__recurrent_family), err);
}

int64_t ht__recurrent_macs(const ht_node *node) {
    const ht_tensor_desc *x = &node->inputs[0]->desc;
    int64_t w = ht__desc_elements(&node->inputs[1]->desc), r = ht__desc_elements(&node->inputs[2]->desc), total;
    if (w < 0 || r < 0 || x->dims[0] < 0 || x->dims[1] < 0 ||
        __builtin_mul_overflow(x->dims[0] * x->dims[1], w + r, &total)) {
        return -1;
    }
    return total;
}

int32_t ht__recurrent_channel_axis(const ht_node *node, uint32_t input) {
    (void)node;
    (void)input;
    return 1;
}
