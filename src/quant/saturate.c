#include "quant/saturate.h"

#include <string.h>

#include "graph/op.h"

enum { LARGEST_CODE = 255, LARGEST_SUM = 32767 };

/* How the weights lie: `sums` runs of `length` products, the k-th at first + k * step. */
typedef struct sum_view {
    int64_t outer, inner; /* runs: outer x inner */
    int64_t outer_step, inner_step, length, step;
} sum_view;

/* Convolutions [O][I][positions], sums over I at one position; matrices [N][K], or [K][N]. */
static sum_view view_of(const ht_node *node, const ht_value *weight) {
    const ht_tensor_desc *w = &weight->desc;
    if (w->rank > 2) {
        int64_t positions = ht__desc_elements(w) / (w->dims[0] * w->dims[1]);
        return (sum_view){w->dims[0], positions, w->dims[1] * positions, 1, w->dims[1], positions};
    }
    bool rows = strcmp(node->op->name, "Gemm") == 0 && ht__node_int(node, "transB", 0) != 0;
    return rows ? (sum_view){w->dims[0], 1, w->dims[1], 0, w->dims[1], 1}
                : (sum_view){1, w->dims[1], 0, 1, w->dims[0], w->dims[1]};
}

double ht__saturating_pairs(const ht_node *node, const ht_value *weight) {
    const ht_quantization *q = weight->quantization;
    if (q == NULL || q->codes == NULL || q->codebook || q->element != HT_NONE || q->bits != 8 || !q->is_signed ||
        weight->desc.rank < 2 || ht__desc_elements(&weight->desc) <= 0) {
        return 0.0;
    }
    sum_view view = view_of(node, weight);
    int64_t pairs = 0, saturating = 0;
    for (int64_t o = 0; o < view.outer; ++o) {
        for (int64_t i = 0; i < view.inner; ++i) {
            const uint16_t *run = q->codes + o * view.outer_step + i * view.inner_step;
            for (int64_t k = 0; k + 1 < view.length; k += 2) {
                int32_t a = (int32_t)run[k * view.step] - 128, b = (int32_t)run[(k + 1) * view.step] - 128;
                int32_t sum = LARGEST_CODE * (a + b);
                saturating += sum > LARGEST_SUM || sum < -LARGEST_SUM - 1;
                ++pairs;
            }
        }
    }
    return pairs > 0 ? (double)saturating / (double)pairs : 0.0;
}
