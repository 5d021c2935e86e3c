/* com.microsoft.MatMulNBits, ONNX Runtime's product with weights of few bits, as MatMul with a constant that is
 * quantized in blocks:
 *
 *     A [.., K] . W [K, N] (+ bias [N]),  W[k][n] = (code(n, k) - zero(n, b)) * scale(n, b),  b = k / block_size
 *
 * B holds the codes as u8 [N, blocks, block_size * bits / 8], the first ones in a byte's low bits; what the last block
 * has beyond K is not looked at. Zero points lie packed likewise, each of the N rows in bytes of its own, or are
 * numbers of A's type; without any they are 2^(bits - 1). Half floats are computed with in f32, as ONNX Runtime does.
 */
#include <inttypes.h>
#include <string.h>

#include "formats/onnx/raise.h"
#include "graph/quantization.h"
#include "numeric/scalar.h"

enum { ONNX_F32 = 1 }; /* of Cast's "to" */

typedef struct nbits {
    onnx_raising *raising;
    onnx_node *node;
    int64_t k, n, bits, block, blocks;
    const onnx_tensor *codes, *scales, *zero_points; /* zero_points NULL: none */
} nbits;

enum { IN_A, IN_CODES, IN_SCALES, IN_ZERO_POINTS, IN_GROUPS, IN_BIAS };

static bool has_input(const onnx_node *node, size_t i) { return i < node->input_count && node->inputs[i][0] != '\0'; }

#define REFUSE(m, status, ...) ht__fail_at((m)->raising->err, (status), (m)->node->name, __VA_ARGS__)

static ht_status find_constant(const nbits *m, size_t input, const char *what, const onnx_tensor **out) {
    const onnx_name *entry =
        has_input(m->node, input) ? ht__onnx_find(m->raising->index, m->node->inputs[input]) : NULL;
    *out = entry != NULL ? entry->tensor : NULL;
    return *out != NULL && (*out)->data != NULL
               ? HT_OK
               : REFUSE(m, HT_ERROR_UNSUPPORTED, "The %s of a MatMulNBits must be a constant.", what);
}

/* Bytes of `count` codes. */
static int64_t packed(const nbits *m, int64_t count) { return (count * m->bits + 7) / 8; }

static ht_status check_elements(const nbits *m, const onnx_tensor *tensor, const char *what, int64_t per_column) {
    int64_t wanted, got = ht__desc_elements(&tensor->desc);
    return !__builtin_mul_overflow(m->n, per_column, &wanted) && got == wanted
               ? HT_OK
               : REFUSE(m, HT_ERROR_FORMAT,
                        "The %s of a MatMulNBits have %" PRId64 " elements, which its sizes do not give.", what, got);
}

/* Sizes are at most 2^31, so that what follows stays within 64 bits; B's bytes are in the file. */
static ht_status read_sizes(nbits *m) {
    m->k = ht__onnx_int(m->node, "K", 0);
    m->n = ht__onnx_int(m->node, "N", 0);
    m->bits = ht__onnx_int(m->node, "bits", 4);
    m->block = ht__onnx_int(m->node, "block_size", 0);
    if (m->bits != 2 && m->bits != 4 && m->bits != 8) {
        return REFUSE(m, HT_ERROR_UNSUPPORTED, "A MatMulNBits of %" PRId64 " bits is not supported; 2, 4 and 8 are.",
                      m->bits);
    }
    if (m->k < 1 || m->k > INT32_MAX || m->n < 1 || m->n > INT32_MAX || m->block < 16 || m->block > INT32_MAX ||
        (m->block & (m->block - 1)) != 0) {
        return REFUSE(m, HT_ERROR_FORMAT,
                      "A MatMulNBits with K = %" PRId64 ", N = %" PRId64 " and block_size = %" PRId64
                      ": sizes are positive, and that of a block is a power of two from 16 on.",
                      m->k, m->n, m->block);
    }
    m->blocks = (m->k - 1) / m->block + 1;
    if (has_input(m->node, IN_GROUPS) || ht__onnx_int(m->node, "weight_prepacked", 0) != 0) {
        return REFUSE(m, HT_ERROR_UNSUPPORTED, "A MatMulNBits with %s is not supported.",
                      has_input(m->node, IN_GROUPS) ? "an index of groups (g_idx)" : "weights packed for one device");
    }
    return HT_OK;
}

static ht_status read_node(nbits *m) {
    HT_TRY(read_sizes(m));
    HT_TRY(find_constant(m, IN_CODES, "weights", &m->codes));
    HT_TRY(find_constant(m, IN_SCALES, "scales", &m->scales));
    HT_TRY(check_elements(m, m->codes, "weights", m->blocks * packed(m, m->block)));
    HT_TRY(check_elements(m, m->scales, "scales", m->blocks));
    ht_type type = m->scales->desc.type;
    if (m->codes->desc.type != HT_U8 || (type != HT_F32 && type != HT_F16 && type != HT_BF16)) {
        return REFUSE(m, HT_ERROR_FORMAT, "A MatMulNBits has weights of type %s and scales of type %s.",
                      ht_type_name(m->codes->desc.type), ht_type_name(type));
    }
    if (!has_input(m->node, IN_ZERO_POINTS)) {
        return HT_OK;
    }
    HT_TRY(find_constant(m, IN_ZERO_POINTS, "zero points", &m->zero_points));
    bool codes = m->zero_points->desc.type == HT_U8;
    if (!codes && m->zero_points->desc.type != type) {
        return REFUSE(m, HT_ERROR_FORMAT, "A MatMulNBits has zero points of type %s.",
                      ht_type_name(m->zero_points->desc.type));
    }
    return check_elements(m, m->zero_points, "zero points", codes ? packed(m, m->blocks) : m->blocks);
}

/* ---- the constant ---- */

/* Code `i` of a row of packed ones. */
static unsigned code_at(const nbits *m, const uint8_t *row, int64_t i) {
    int64_t bit = i * m->bits;
    return row[bit / 8] >> bit % 8 & ((1u << m->bits) - 1);
}

static float zero_point_at(const nbits *m, int64_t column, int64_t block) {
    if (m->zero_points == NULL) {
        return (float)(1 << (m->bits - 1));
    }
    ht_type type = m->zero_points->desc.type;
    if (type != HT_U8) {
        return (float)ht__scalar_load(type, m->zero_points->data, column * m->blocks + block).real;
    }
    const uint8_t *row = (const uint8_t *)m->zero_points->data + column * packed(m, m->blocks);
    return (float)code_at(m, row, block);
}

static ht_status reserve(const nbits *m, size_t count, size_t size, void *out) {
    void *memory = ht__arena_alloc(m->raising->document->payload, count * size);
    memcpy(out, &memory, sizeof memory);
    return memory != NULL ? HT_OK : ht__fail_memory(m->raising->err, count * size);
}

static ht_status fill_quantization(const nbits *m, ht_quantization *q) {
    size_t groups = (size_t)(m->n * m->blocks);
    float *scale, *zero;
    uint16_t *codes;
    HT_TRY(reserve(m, groups, sizeof *scale, &scale));
    HT_TRY(reserve(m, groups, sizeof *zero, &zero));
    HT_TRY(reserve(m, (size_t)(m->k * m->n), sizeof *codes, &codes));
    for (int64_t n = 0; n < m->n; ++n) {
        const uint8_t *row = (const uint8_t *)m->codes->data + n * m->blocks * packed(m, m->block);
        for (int64_t b = 0; b < m->blocks; ++b) {
            int64_t at = n * m->blocks + b;
            scale[at] = (float)ht__scalar_load(m->scales->desc.type, m->scales->data, at).real;
            zero[at] = zero_point_at(m, n, b);
        }
        for (int64_t k = 0; k < m->k; ++k) {
            codes[k * m->n + n] = (uint16_t)code_at(m, row, k);
        }
    }
    *q = (ht_quantization){.bits = (int32_t)m->bits,
                           .axis = 1,
                           .block = m->blocks > 1 ? m->block : 0,
                           .groups = groups,
                           .scale = scale,
                           .zero_point = zero,
                           .codes = codes,
                           .packed = true};
    return HT_OK;
}

/* W, annotated. It is called after the result, since several nodes may share B. */
static ht_status add_weights(const nbits *m, const char **name) {
    onnx_raising *raising = m->raising;
    ht_tensor_desc desc = {.type = HT_F32, .rank = 2, .dims = {m->k, m->n}};
    ht_quantization *q;
    float *numbers;
    onnx_tensor *tensor;
    /* K times N is at most 4 times B's bytes. */
    if (!ht__onnx_may_decode(raising->document, (size_t)(m->k * m->n) * (sizeof *numbers + sizeof *q->codes))) {
        return REFUSE(m, HT_ERROR_LIMIT, "The weights of the MatMulNBits nodes are too large for what the file holds.");
    }
    HT_TRY(reserve(m, 1, sizeof *q, &q));
    HT_TRY(fill_quantization(m, q));
    HT_TRY(reserve(m, (size_t)(m->k * m->n), sizeof *numbers, &numbers));
    HT_TRY(ht__quantization_decode(q, &desc, numbers, raising->err));
    HT_TRY(ht__onnx_fresh(raising->index, m->node->outputs[0], ".weights", name, raising->err));
    HT_TRY(ht__onnx_add_tensor(raising->document, *name, &desc, numbers, false, &tensor, raising->err));
    tensor->lasts = true;
    tensor->quantization = q;
    ht__onnx_find(raising->index, *name)->tensor = tensor;
    return HT_OK;
}

/* ---- the nodes ---- */

/* A node of one or two operands (second NULL) that gives `result`; to > 0: a Cast to that type. */
static ht_status add_step(const nbits *m, const char *op, const char *first, const char *second, const char *result,
                          int64_t to) {
    onnx_raising *raising = m->raising;
    onnx_node *step;
    HT_TRY(ht__onnx_add_node(raising->document, op, result, &step, raising->err));
    HT_TRY(ht__onnx_add_operand(raising->document, step, false, first, raising->err));
    HT_TRY(second != NULL ? ht__onnx_add_operand(raising->document, step, false, second, raising->err) : HT_OK);
    HT_TRY(ht__onnx_add_operand(raising->document, step, true, result, raising->err));
    ht__onnx_find(raising->index, result)->producer = step;
    return to > 0 ? ht__onnx_add_int(raising->document, step, "to", to, raising->err) : HT_OK;
}

/* *name as f32 from now on. */
static ht_status widen(const nbits *m, const char *suffix, const char **name) {
    const char *narrow = *name;
    HT_TRY(ht__onnx_fresh(m->raising->index, m->node->outputs[0], suffix, name, m->raising->err));
    return add_step(m, "Cast", narrow, NULL, *name, ONNX_F32);
}

static ht_status make_product(nbits *m) {
    onnx_raising *raising = m->raising;
    onnx_node *node = m->node;
    bool narrow = m->scales->desc.type != HT_F32, biased = has_input(node, IN_BIAS);
    const char *a = node->inputs[IN_A], *bias = biased ? node->inputs[IN_BIAS] : NULL, *weights;
    const char *output = node->outputs[0], *product = output, *sum = output;
    HT_TRY(add_weights(m, &weights));
    if (narrow) {
        HT_TRY(widen(m, ".input", &a));
        HT_TRY(biased ? widen(m, ".bias", &bias) : HT_OK);
        HT_TRY(ht__onnx_fresh(raising->index, output, ".sum", &sum, raising->err));
        HT_TRY(add_step(m, "Cast", sum, NULL, output, m->scales->onnx_type));
        product = sum;
    }
    if (biased) {
        HT_TRY(ht__onnx_fresh(raising->index, output, ".product", &product, raising->err));
        HT_TRY(add_step(m, "Add", product, bias, sum, 0));
    }
    node->op = "MatMul";
    node->domain = "";
    node->inputs[0] = a;
    node->inputs[1] = weights;
    node->input_count = 2;
    node->outputs[0] = product;
    node->attribute_count = 0;
    ht__onnx_find(raising->index, product)->producer = node;
    return HT_OK;
}

ht_status ht__onnx_raise_nbits(onnx_raising *raising, onnx_node *node) {
    if (strcmp(node->domain, "com.microsoft") != 0 || strcmp(node->op, "MatMulNBits") != 0) {
        return HT_OK;
    }
    nbits m = {.raising = raising, .node = node};
    if (node->output_count != 1 || !has_input(node, IN_A)) {
        return REFUSE(&m, HT_ERROR_FORMAT, "A MatMulNBits needs an input and an output.");
    }
    HT_TRY(read_node(&m));
    return make_product(&m);
}
