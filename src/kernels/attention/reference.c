/* One query after the other, in double. */
#include <math.h>
#include <string.h>

#include "kernels/attention/variants.h"
#include "numeric/scalar.h"

/* A tensor of heads in either form: element strides of image, head and step; `width` elements lie side by side. */
typedef struct heads {
    ht_type type;
    const void *data; /* NULL: absent */
    int64_t image, head, step, steps, width;
} heads;

static heads heads_of(const ht_tensor_desc *desc, const void *data, int64_t count) {
    heads h = {.type = desc->type, .data = data};
    if (desc->rank == 4) {
        h.steps = desc->dims[2];
        h.width = desc->dims[3];
        h.step = h.width;
        h.head = h.steps * h.step;
        h.image = count * h.head;
    } else {
        h.steps = desc->dims[1];
        h.width = desc->dims[2] / count;
        h.head = h.width;
        h.step = desc->dims[2];
        h.image = h.steps * h.step;
    }
    return h;
}

typedef struct attention {
    const ht_attention_parameters *p;
    int64_t images, past, total;
    heads q, k, v, past_k, past_v, y, keys, values;
    ht_tensor_desc mask;
    const void *mask_data, *lengths;
    ht_type lengths_type, scores_type;
    ht_type narrow;  /* the type that every step's result is rounded to, HT_NONE: none */
    ht_type softmax; /* the same of softmax */
    void *scores;
} attention;

static bool is_present(const ht_tensor_desc *descs, uint32_t count, uint32_t i) {
    return i < count && descs[i].type != HT_NONE;
}

static heads input_heads(const ht_kernel_call *call, const void *const *inputs, uint32_t i, int64_t count) {
    return is_present(call->inputs, call->input_count, i) ? heads_of(&call->inputs[i], inputs[i], count)
                                                          : (heads){.data = NULL};
}

static heads output_heads(const ht_kernel_call *call, void *const *outputs, uint32_t i, int64_t count) {
    return is_present(call->outputs, call->output_count, i) ? heads_of(&call->outputs[i], outputs[i], count)
                                                            : (heads){.data = NULL};
}

static attention attention_of(const ht_kernel_call *call, const void *const *inputs, void *const *outputs) {
    const ht_attention_parameters *p = HT_PARAMETERS(ht_attention_parameters, call);
    attention a = {.p = p,
                   .images = call->inputs[0].dims[0],
                   .q = input_heads(call, inputs, 0, p->heads),
                   .k = input_heads(call, inputs, 1, p->key_heads),
                   .v = input_heads(call, inputs, 2, p->key_heads),
                   .past_k = input_heads(call, inputs, 4, p->key_heads),
                   .past_v = input_heads(call, inputs, 5, p->key_heads),
                   .y = output_heads(call, outputs, 0, p->heads),
                   .keys = output_heads(call, outputs, 1, p->key_heads),
                   .values = output_heads(call, outputs, 2, p->key_heads)};
    bool narrow = a.q.type == HT_F16 || a.q.type == HT_BF16;
    a.narrow = narrow ? a.q.type : HT_NONE;
    a.softmax = p->precision != HT_NONE ? p->precision : a.narrow;
    a.past = a.past_k.data != NULL ? a.past_k.steps : 0;
    a.total = a.past + a.k.steps;
    if (is_present(call->inputs, call->input_count, 3)) {
        a.mask = call->inputs[3];
        a.mask_data = inputs[3];
    }
    if (is_present(call->inputs, call->input_count, 6)) {
        a.lengths_type = call->inputs[6].type;
        a.lengths = inputs[6];
    }
    if (is_present(call->outputs, call->output_count, 3)) {
        a.scores_type = call->outputs[3].type;
        a.scores = outputs[3];
    }
    return a;
}

static double element(const heads *from, int64_t n, int64_t h, int64_t s, int64_t i) {
    return ht__scalar_real(
        ht__scalar_load(from->type, from->data, n * from->image + h * from->head + s * from->step + i));
}

/* Element i of key or value number j: the past first. */
static double cached(const heads *past, const heads *current, int64_t before, int64_t n, int64_t h, int64_t j,
                     int64_t i) {
    return j < before ? element(past, n, h, j, i) : element(current, n, h, j - before, i);
}

static void store(ht_type type, const void *data, int64_t at, double value) {
    ht__scalar_store(type, (void *)(uintptr_t)data, at, ht__scalar_of_real(value), NULL);
}

/* What the mask adds for one query and key. */
static double mask_of(const attention *a, int64_t n, int64_t h, int64_t s, int64_t j) {
    if (a->mask_data == NULL) {
        return 0.0;
    }
    const int64_t index[4] = {n, h, s, j};
    int32_t rank = a->mask.rank;
    int64_t at = 0;
    if (rank > 0 && j >= a->mask.dims[rank - 1]) {
        return -INFINITY;
    }
    for (int32_t i = 0; i < rank; ++i) {
        at = at * a->mask.dims[i] + (a->mask.dims[i] == 1 ? 0 : index[4 - rank + i]);
    }
    double value = ht__scalar_real(ht__scalar_load(a->mask.type, a->mask_data, at));
    return a->mask.type != HT_BOOL ? value : value != 0.0 ? 0.0 : -INFINITY;
}

/* The whole bias; `length` keys of the image count. */
static double bias_of(const attention *a, int64_t n, int64_t h, int64_t s, int64_t j, int64_t length) {
    const ht_attention_parameters *p = a->p;
    int64_t before = a->lengths != NULL && a->past_k.data == NULL ? length - a->q.steps : a->past, place = s + before;
    bool seen = j < length && (!p->causal || j <= place) && (p->left < 0 || j >= place - p->left) &&
                (p->right < 0 || j <= place + p->right);
    return seen ? mask_of(a, n, h, s, j) : -INFINITY;
}

static double round_to(ht_type type, double value) {
    unsigned char bytes[8];
    if (type == HT_NONE) {
        return value;
    }
    ht__scalar_store(type, bytes, 0, ht__scalar_of_real(value), NULL);
    return ht__scalar_real(ht__scalar_load(type, bytes, 0));
}

static void report(const attention *a, ht_attention_scores kind, int64_t at, double value) {
    if (a->scores != NULL && a->p->scores == kind) {
        store(a->scores_type, a->scores, at, value);
    }
}

/* scale * q . k; of narrow types each factor is multiplied by the root of the scale before. */
static double product_of(const attention *a, int64_t n, int64_t h, int64_t s, int64_t j) {
    int64_t key_head = h / (a->p->heads / a->p->key_heads);
    double sum = 0.0, root = a->narrow != HT_NONE ? round_to(a->narrow, sqrt((double)a->p->scale)) : 1.0;
    for (int64_t i = 0; i < a->q.width; ++i) {
        double q = round_to(a->narrow, element(&a->q, n, h, s, i) * root);
        sum += q * round_to(a->narrow, cached(&a->past_k, &a->k, a->past, n, key_head, j, i) * root);
    }
    return a->narrow != HT_NONE ? round_to(a->narrow, sum) : sum * (double)a->p->scale;
}

static double cap(const attention *a, double x) {
    double limit = (double)a->p->softcap;
    return limit > 0.0 ? round_to(a->narrow, limit * tanh(x / limit)) : x;
}

/* row becomes softmax(row), rounded; -infinity gives 0. */
static void softmax_row(const attention *a, double *row) {
    double largest = -INFINITY, sum = 0.0;
    for (int64_t j = 0; j < a->total; ++j) {
        largest = row[j] > largest || row[j] != row[j] ? row[j] : largest;
    }
    for (int64_t j = 0; j < a->total; ++j) {
        row[j] = row[j] == -INFINITY ? 0.0 : round_to(a->softmax, exp(round_to(a->softmax, row[j] - largest)));
        sum = a->softmax == HT_BF16 ? round_to(HT_BF16, sum + row[j]) : sum + row[j];
    }
    sum = round_to(a->softmax, sum);
    for (int64_t j = 0; j < a->total; ++j) {
        row[j] = sum == 0.0 ? 0.0 : round_to(a->narrow, round_to(a->softmax, row[j] / sum));
    }
}

/* row becomes the probabilities of query s. */
static void probabilities(const attention *a, int64_t n, int64_t h, int64_t s, int64_t length, double *row) {
    int64_t first = ((n * a->p->heads + h) * a->q.steps + s) * a->total;
    for (int64_t j = 0; j < a->total; ++j) {
        double bias = bias_of(a, n, h, s, j, length), product = product_of(a, n, h, s, j), capped = cap(a, product);
        double biased = round_to(a->narrow, capped + bias);
        report(a, HT_ATTENTION_PRODUCTS, first + j, product);
        report(a, HT_ATTENTION_CAPPED, first + j, capped);
        report(a, HT_ATTENTION_BIASED, first + j, biased);
        row[j] = bias == -INFINITY ? -INFINITY : round_to(a->softmax, biased); /* whatever the product is */
    }
    softmax_row(a, row);
    for (int64_t j = 0; j < a->total; ++j) {
        report(a, HT_ATTENTION_PROBABILITIES, first + j, row[j]);
    }
}

static void write_present(const attention *a, const heads *to, const heads *past, const heads *current) {
    for (int64_t at = 0; to->data != NULL && at < a->images * a->p->key_heads * a->total; ++at) {
        int64_t j = at % a->total, h = at / a->total % a->p->key_heads, n = at / a->total / a->p->key_heads;
        for (int64_t i = 0; i < to->width; ++i) {
            store(to->type, to->data, at * to->width + i, cached(past, current, a->past, n, h, j, i));
        }
    }
}

static void attend(const attention *a, int64_t n, int64_t h, int64_t s, int64_t length, double *row) {
    int64_t key_head = h / (a->p->heads / a->p->key_heads);
    probabilities(a, n, h, s, length, row);
    for (int64_t i = 0; i < a->y.width; ++i) {
        double sum = 0.0;
        for (int64_t j = 0; j < a->total; ++j) {
            sum += row[j] != 0.0 ? row[j] * cached(&a->past_v, &a->v, a->past, n, key_head, j, i) : 0.0;
        }
        store(a->y.type, a->y.data, n * a->y.image + h * a->y.head + s * a->y.step + i, sum);
    }
}

static ht_status run(const ht_kernel_state *state, const void *const *inputs, void *const *outputs, void *scratch,
                     ht_pool *pool) {
    (void)pool;
    attention a = attention_of(state->data, inputs, outputs);
    for (int64_t n = 0; n < a.images; ++n) {
        int64_t length = a.total;
        if (a.lengths != NULL) {
            length = ht__scalar_load(a.lengths_type, a.lengths, n).integer;
            if (length < 0 || length > a.total) {
                return HT_ERROR_ARGUMENT;
            }
        }
        for (int64_t h = 0; h < a.p->heads; ++h) {
            for (int64_t s = 0; s < a.q.steps; ++s) {
                attend(&a, n, h, s, length, scratch);
            }
        }
    }
    write_present(&a, &a.keys, &a.past_k, &a.k);
    write_present(&a, &a.values, &a.past_v, &a.v);
    return HT_OK;
}

static void layout(const ht_kernel_call *call, const ht_kernel_env *env, ht_kernel_sizes *out) {
    (void)env;
    const ht_attention_parameters *p = HT_PARAMETERS(ht_attention_parameters, call);
    int64_t steps = heads_of(&call->inputs[1], NULL, p->key_heads).steps;
    if (is_present(call->inputs, call->input_count, 4)) {
        steps += call->inputs[4].dims[2];
    }
    out->scratch_bytes = (size_t)steps * sizeof(double);
}

const ht_kernel_variant ht__attention_reference = {.name = "attention_reference",
                                                   .family = &ht__attention_family,
                                                   .accept = ht__kernel_accept_all,
                                                   .layout = layout,
                                                   .run = run};
