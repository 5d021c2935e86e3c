/* Pairs of weights that leave 16 bits: neighbours along the sums, of one sign, together 129 or more. */
#include <string.h>

#include "graph/op.h"
#include "quant/saturate.h"
#include "support.h"

static double share(const char *op, int64_t trans, int32_t rank, const int64_t *dims, const int8_t *weights) {
    uint16_t codes[16];
    float zero = 0.0f;
    ht_quantization q = {
        .bits = 8, .is_signed = true, .axis = -1, .groups = 1, .scale = &zero, .zero_point = &zero, .codes = codes};
    ht_value value = {.name = "w", .desc = {.type = HT_F32, .rank = rank}, .quantization = &q};
    memcpy(value.desc.dims, dims, (size_t)rank * sizeof *dims);
    for (int64_t i = 0; i < ht__desc_elements(&value.desc); ++i) {
        codes[i] = (uint16_t)(weights[i] + 128);
    }
    ht_attribute attribute = {.name = "transB", .kind = HT_ATTRIBUTE_INT, .count = 1, .ints = &trans};
    ht_node node = {.op = ht__op_find("", op), .name = "n", .attributes = &attribute, .attribute_count = 1};
    return ht__saturating_pairs(&node, &value);
}

static void pairs_lie_along_the_sums(void **state) {
    (void)state;
    static const int8_t weights[] = {127, 2, 64, 64, -127, -2, 127, -127};
    /* Rows of four: (127, 2) and (-127, -2) leave 16 bits; (64, 64) = 128 does not, nor do opposite signs. */
    assert_true(share("Gemm", 1, 2, (int64_t[]){2, 4}, weights) == 0.5);
    /* The same numbers as [4][2]: (127, 64), (2, 64), (-127, 127), (-2, -127). */
    assert_true(share("MatMul", 0, 2, (int64_t[]){4, 2}, weights) == 0.5);
    /* [1][2][1][4]: channels are neighbours at each position: (127, -127), (2, -2), (64, 127), (64, -127). */
    assert_true(share("Conv", 0, 4, (int64_t[]){1, 2, 1, 4}, weights) == 0.25);
    /* Depthwise: no neighbours. */
    assert_true(share("Conv", 0, 4, (int64_t[]){2, 1, 2, 2}, weights) == 0.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(pairs_lie_along_the_sums)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
