/* The checker: every variant of every kernel family against the family's reference, on random calls.
 *
 * Buffers end at an unmapped page, so that reading or writing one byte too many ends the program with a fault; the
 * bytes before each buffer are watched. Every case is a function of (seed, family, number): it can be run again alone.
 */
#ifndef HT_TESTS_CHECKER_H
#define HT_TESTS_CHECKER_H

#include "base/rng.h"
#include "kernels/kernel.h"

/* Memory whose last byte lies at the end of a mapped page. */
typedef struct guarded {
    void *data;
    size_t bytes;
    void *mapping;
    size_t mapped;
} guarded;
bool guarded_create(size_t bytes, size_t alignment, guarded *out);
void guarded_destroy(guarded *memory);
/* Are the bytes before the buffer untouched? */
bool guarded_intact(const guarded *memory);

/* Nothing may be written to it any more; false when the system does not let. */
bool guarded_protect(const guarded *memory);

/* What an input is filled with. */
typedef enum fill_kind {
    FILL_NORMAL,   /* standard normal */
    FILL_SPECIAL,  /* normal, with zeros of both signs, infinities, NaN and tiny numbers among them */
    FILL_POSITIVE, /* 0.1 .. 2 */
    FILL_TIES,     /* few distinct values, so that maxima tie */
    FILL_INTEGER,  /* integers fill_low .. fill_high */
    FILL_SCALE     /* powers of two and other positive scales, 0.01 .. 0.2 */
} fill_kind;

/* How a result is compared. `bound` is the largest |sum|a||b|| of the element. */
typedef enum check_rule {
    CHECK_EXACT, /* the same bits (any NaN equals any NaN) */
    CHECK_DOT,   /* |difference| <= 2 eps (depth + 4) sum|a||b|; bf16: 2^-7 of that sum more (2^-8 for each operand) */
    CHECK_CLOSE  /* |difference| <= 1e-7 + 1e-5 of the largest value of the tensor */
} check_rule;

typedef struct check_case {
    ht_kernel_call call;
    fill_kind fill[HT_MAX_INPUTS];
    int64_t fill_low[HT_MAX_INPUTS], fill_high[HT_MAX_INPUTS];
    bool weights[HT_MAX_INPUTS]; /* may be known when preparing */
    check_rule rule;
    int64_t depth;                          /* CHECK_DOT: terms of the sum */
    void (*absolute)(ht_kernel_call *call); /* CHECK_DOT: makes the call whose result on |inputs| is sum|a||b| */
    guarded inputs[HT_MAX_INPUTS], expected[HT_MAX_OUTPUTS], results[HT_MAX_OUTPUTS], bounds[HT_MAX_OUTPUTS];
    guarded scratch;
} check_case;

typedef struct check_family {
    const ht_kernel_family *family;
    void (*make)(ht_rng *rng, check_case *out); /* shapes, parameters, fills, rule; everything else is zeroed */
} check_family;
extern const check_family check_families[];
extern const size_t check_family_count;

/* Helpers of the generators. */
int64_t pick(ht_rng *rng, int64_t low, int64_t high); /* uniform, both ends included */
bool chance(ht_rng *rng, double probability);
ht_tensor_desc tensor_of(ht_type type, int32_t rank, const int64_t *dims, ht_layout layout);
ht_layout any_layout(ht_rng *rng);

void make_conv(ht_rng *rng, check_case *out);
void make_conv_grad_input(ht_rng *rng, check_case *out);
void make_conv_grad_weight(ht_rng *rng, check_case *out);
void make_matmul(ht_rng *rng, check_case *out);
void make_pool(ht_rng *rng, check_case *out);
void make_pool_grad(ht_rng *rng, check_case *out);
void make_batch_norm(ht_rng *rng, check_case *out);
void make_batch_norm_train(ht_rng *rng, check_case *out);
void make_batch_norm_grad(ht_rng *rng, check_case *out);
void make_line_norm(ht_rng *rng, check_case *out);
void make_recurrent(ht_rng *rng, check_case *out);
void make_attention(ht_rng *rng, check_case *out);
void make_unary(ht_rng *rng, check_case *out);
void make_binary(ht_rng *rng, check_case *out);
void make_reduce(ht_rng *rng, check_case *out);
void make_resize(ht_rng *rng, check_case *out);
void make_softmax(ht_rng *rng, check_case *out);
void make_softmax_grad(ht_rng *rng, check_case *out);
void make_cross_entropy(ht_rng *rng, check_case *out);
void make_cross_entropy_grad(ht_rng *rng, check_case *out);
void make_squared_error(ht_rng *rng, check_case *out);
void make_squared_error_grad(ht_rng *rng, check_case *out);
void make_transpose(ht_rng *rng, check_case *out);
void make_copy(ht_rng *rng, check_case *out);
void make_concat(ht_rng *rng, check_case *out);
void make_pad(ht_rng *rng, check_case *out);
void make_slice(ht_rng *rng, check_case *out);
void make_gather(ht_rng *rng, check_case *out);
void make_cast(ht_rng *rng, check_case *out);
void make_expand(ht_rng *rng, check_case *out);
void make_quantize(ht_rng *rng, check_case *out);
void make_dequantize(ht_rng *rng, check_case *out);
void make_dynamic_quantize(ht_rng *rng, check_case *out);
void make_fake_quantize(ht_rng *rng, check_case *out);
void make_fake_quantize_grad(ht_rng *rng, check_case *out);
void make_dropout(ht_rng *rng, check_case *out);
void make_integer_conv(ht_rng *rng, check_case *out);
void make_integer_conv_transpose(ht_rng *rng, check_case *out);
void make_integer_matmul(ht_rng *rng, check_case *out);
void make_integer_binary(ht_rng *rng, check_case *out);
void make_integer_mean(ht_rng *rng, check_case *out);
void make_integer_pool(ht_rng *rng, check_case *out);
void make_integer_resize(ht_rng *rng, check_case *out);
void make_integer_softmax(ht_rng *rng, check_case *out);
void make_lookup(ht_rng *rng, check_case *out);

/* Allocates and fills the inputs of a made case and computes the expected outputs (and bounds). NULL or why not. */
const char *case_prepare(ht_rng *rng, check_case *c);
void case_release(check_case *c);
/* Runs one variant and compares. False: prints what differs. *accepted says whether the variant took the call. */
bool case_check(check_case *c, const ht_kernel_variant *variant, const ht_kernel_env *env, ht_pool *pool,
                bool constant_weights, bool *accepted, const char **reason);

/* Every gradient family against finite differences of its forward reference; the number of failures. */
int check_gradients(uint64_t seed, int cases);
/* Speed of the variants that need no more than the features of `cpu`, on the shapes of training and of known networks.
 */
int bench_kernels(unsigned threads, uint32_t cpu, bool bf16, const char *only);
/* The variants that libhalftone adds in this build; returns their number. */
size_t extra_variants(const ht_kernel_variant *const **out);

#endif
