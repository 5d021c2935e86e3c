#include "kernels/float_product.h"

#include "base/memory.h"

static int64_t rounded_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

int64_t ht__float_panel_width(const ht_float_engine *engine, int64_t columns, int64_t first) {
    int64_t left = columns - first, panel = ht__float_panel(engine);
    return left < panel ? rounded_up(left, engine->lanes) : panel;
}

size_t ht__float_weights_bytes(const ht_float_engine *engine, int64_t depth, int64_t columns) {
    size_t floats, bytes;
    bool fits = ht__mul((size_t)depth, (size_t)rounded_up(columns, engine->lanes), &floats) &&
                ht__mul(floats, sizeof(float), &bytes);
    return fits ? bytes : SIZE_MAX;
}

void ht__float_weights_pack(const ht_float_engine *engine, const float *w, int64_t row, int64_t column, int64_t depth,
                            int64_t columns, float *packed) {
    for (int64_t first = 0; first < columns; first += ht__float_panel(engine)) {
        int64_t width = ht__float_panel_width(engine, columns, first);
        for (int64_t d = 0; d < depth; ++d, packed += width) {
            for (int64_t c = 0; c < width; ++c) {
                packed[c] = first + c < columns ? w[d * row + (first + c) * column] : 0.0f;
            }
        }
    }
}
