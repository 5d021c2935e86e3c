/* Einstein's summation: the equation names the axes of each operand and of the result; the result is the product of the
 * operands, summed over the names that it does not have. "..." stands for axes without names, which broadcast. Without
 * "->" the result has "..." and then, in alphabetical order, the names that occur once. */
#include <string.h>

#include "kernels/index.h"
#include "ops/reals.h"

#define NAMES 52                     /* letters */
#define LABELS (NAMES + HT_MAX_RANK) /* and the axes of "...", counted from its end */
#define OPERANDS HT_MAX_INPUTS

typedef struct term {
    int32_t count, unnamed; /* labels; how many of them stand for "..." */
    int32_t labels[HT_MAX_RANK];
} term;

typedef struct equation {
    uint32_t operands;
    term inputs[OPERANDS], output;
    int64_t sizes[LABELS]; /* -1: not known; 0 labels that do not occur have size -2 */
} equation;

static ht_status malformed(const ht_node *node, const char *text, ht_error *err) {
    return ht__fail_at(err, HT_ERROR_FORMAT, node->name, "The equation %.100s of Einsum is not usable.", text);
}

static int32_t label_of(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? 26 + c - 'a' : -1; }

/* One term, up to one of `ends` or the end of the text; `unnamed` axes are what "..." stands for. */
static bool read_term(const char **text, const char *ends, int32_t unnamed, term *out) {
    bool dotted = false;
    *out = (term){.count = 0};
    for (; **text != '\0' && strchr(ends, **text) == NULL; ++*text) {
        int32_t label = label_of(**text);
        if (**text == ' ') {
            continue;
        }
        if (strncmp(*text, "...", 3) == 0 && !dotted) {
            dotted = true;
            *text += 2;
            out->unnamed = unnamed;
            for (int32_t i = 0; i < unnamed; ++i) {
                if (out->count == HT_MAX_RANK) {
                    return false;
                }
                out->labels[out->count++] = NAMES + unnamed - 1 - i;
            }
        } else if (label < 0 || out->count == HT_MAX_RANK) {
            return false;
        } else {
            out->labels[out->count++] = label;
        }
    }
    return true;
}

/* Letters of a term. */
static int32_t count_letters(const char *text, const char *ends) {
    int32_t count = 0;
    for (; *text != '\0' && strchr(ends, *text) == NULL; ++text) {
        count += label_of(*text) >= 0;
    }
    return count;
}

static bool has_dots(const char *text, const char *ends) {
    for (; *text != '\0' && strchr(ends, *text) == NULL; ++text) {
        if (*text == '.') {
            return true;
        }
    }
    return false;
}

static ht_status read_inputs(const ht_node *node, const char **text, equation *out, ht_error *err) {
    const char *whole = *text;
    for (uint32_t i = 0; i < node->input_count; ++i) {
        const ht_tensor_desc *x = &node->inputs[i]->desc;
        int32_t unnamed = has_dots(*text, ",-") ? x->rank - count_letters(*text, ",-") : 0;
        bool last = i + 1 == node->input_count;
        if (unnamed < 0 || !read_term(text, ",-", unnamed, &out->inputs[i]) || out->inputs[i].count != x->rank ||
            (last ? **text == ',' : **text != ',')) {
            return malformed(node, whole, err);
        }
        *text += last ? 0 : 1;
        for (int32_t k = 0; k < x->rank; ++k) {
            int64_t *size = &out->sizes[out->inputs[i].labels[k]], own = x->dims[k];
            bool fits = *size < 0 || own < 0 || *size == own || *size == 1 || own == 1;
            if (!fits) {
                return ht__fail_at(err, HT_ERROR_MISMATCH, node->name, "An axis of Einsum has %lld and %lld elements.",
                                   (long long)*size, (long long)own);
            }
            *size = *size == -2 || *size == 1 ? own : own == 1 || own < 0 ? *size : own;
        }
    }
    return HT_OK;
}

/* The result of an equation without "->". */
static bool implied_output(equation *e) {
    int32_t uses[LABELS] = {0}, unnamed = 0;
    for (uint32_t i = 0; i < e->operands; ++i) {
        unnamed = e->inputs[i].unnamed > unnamed ? e->inputs[i].unnamed : unnamed;
        for (int32_t k = 0; k < e->inputs[i].count; ++k) {
            ++uses[e->inputs[i].labels[k]];
        }
    }
    term *y = &e->output;
    *y = (term){.unnamed = unnamed};
    for (int32_t i = 0; i < unnamed; ++i) {
        y->labels[y->count++] = NAMES + unnamed - 1 - i;
    }
    for (int32_t label = 0; label < NAMES; ++label) {
        if (uses[label] == 1) {
            if (y->count == HT_MAX_RANK) {
                return false;
            }
            y->labels[y->count++] = label;
        }
    }
    return true;
}

static ht_status read(const ht_node *node, equation *out, ht_error *err) {
    const char *text = ht__node_text(node, "equation", NULL), *whole = text;
    if (text == NULL || node->input_count > OPERANDS) {
        return malformed(node, text != NULL ? text : "(none)", err);
    }
    memset(out, 0, sizeof *out);
    out->operands = node->input_count;
    for (int32_t i = 0; i < LABELS; ++i) {
        out->sizes[i] = -2;
    }
    HT_TRY(read_inputs(node, &text, out, err));
    int32_t unnamed = 0;
    for (uint32_t i = 0; i < out->operands; ++i) {
        unnamed = out->inputs[i].unnamed > unnamed ? out->inputs[i].unnamed : unnamed;
    }
    if (*text == '\0') {
        return implied_output(out) ? HT_OK : malformed(node, whole, err);
    }
    if (strncmp(text, "->", 2) != 0) {
        return malformed(node, whole, err);
    }
    text += 2;
    bool usable = read_term(&text, "", unnamed, &out->output);
    bool seen[LABELS] = {false};
    for (int32_t k = 0; usable && k < out->output.count; ++k) {
        int32_t label = out->output.labels[k];
        usable = out->sizes[label] != -2 && !seen[label];
        seen[label] = true;
    }
    return usable ? HT_OK : malformed(node, whole, err);
}

static ht_status infer(const ht_graph *graph, ht_node *node, ht_error *err) {
    (void)graph;
    equation e;
    HT_TRY(read(node, &e, err));
    ht_tensor_desc y = {.type = node->inputs[0]->desc.type, .rank = e.output.count};
    for (int32_t i = 0; i < y.rank; ++i) {
        y.dims[i] = e.sizes[e.output.labels[i]];
    }
    return ht__set_output(node, 0, &y, err);
}

/* Element strides of a term by label: 0 for labels that it has not, or that broadcast; repeated labels add up. */
static void strides_of(const term *t, const ht_tensor_desc *desc, int64_t strides[LABELS]) {
    int64_t own[HT_MAX_RANK];
    ht__desc_strides(desc, own);
    memset(strides, 0, LABELS * sizeof *strides);
    for (int32_t k = 0; k < t->count; ++k) {
        strides[t->labels[k]] += desc->dims[k] == 1 ? 0 : own[k];
    }
}

/* The labels that occur: those of the result first, so that the sum's indices run fastest. */
static int32_t order_labels(const equation *e, int32_t order[LABELS]) {
    int32_t count = 0;
    bool listed[LABELS] = {false};
    for (int32_t k = 0; k < e->output.count; ++k) {
        order[count++] = e->output.labels[k];
        listed[e->output.labels[k]] = true;
    }
    for (int32_t label = 0; label < LABELS; ++label) {
        if (e->sizes[label] != -2 && !listed[label]) {
            order[count++] = label;
        }
    }
    return count;
}

static double product_at(const ht_real_call *call, const equation *e, int64_t (*strides)[LABELS], const int32_t *order,
                         const int64_t *index, int32_t count) {
    double product = 1.0;
    for (uint32_t i = 0; i < e->operands; ++i) {
        int64_t at = 0;
        for (int32_t k = 0; k < count; ++k) {
            at += index[k] * strides[i][order[k]];
        }
        product *= call->inputs[i].data[at];
    }
    return product;
}

static ht_status compute(ht_real_call *call, ht_error *err) {
    equation e;
    HT_TRY(read(call->node, &e, err));
    int64_t strides[OPERANDS][LABELS], sizes[LABELS], index[LABELS] = {0}, work = 1;
    int32_t order[LABELS], count = order_labels(&e, order);
    for (uint32_t i = 0; i < e.operands; ++i) {
        strides_of(&e.inputs[i], &call->inputs[i].desc, strides[i]);
    }
    for (int32_t k = 0; k < count; ++k) {
        sizes[k] = e.sizes[order[k]];
        if (__builtin_mul_overflow(work, sizes[k], &work) || work > INT64_C(1) << 40) {
            return ht__fail_at(err, HT_ERROR_LIMIT, call->node->name, "This Einsum sums too many products.");
        }
    }
    int32_t outer = e.output.count;
    if (work == 0) {
        return HT_OK;
    }
    for (int64_t at = 0; at < ht__desc_elements(&call->outputs[0].desc); ++at) {
        double sum = 0.0;
        do {
            sum += product_at(call, &e, strides, order, index, count);
        } while (ht__index_next(count - outer, sizes + outer, index + outer));
        call->outputs[0].data[at] = sum;
        if ((at & 0xfff) == 0xfff) {
            HT_TRY(ht__check_interrupt(call->ctx, err));
        }
        ht__index_next(outer, sizes, index);
    }
    return HT_OK;
}

static ht_status evaluate(ht_host_call *evaluation, ht_error *err) {
    return ht__evaluate_reals(evaluation, compute, err);
}

const ht_op ht__op_Einsum = {
    .name = "Einsum",
    .domain = "",
    .min_inputs = 1,
    .max_inputs = OPERANDS,
    .min_outputs = 1,
    .max_outputs = 1,
    .layout = HT_OP_PLAIN,
    .infer = infer,
    .evaluate = evaluate,
};
