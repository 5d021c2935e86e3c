/* Speed of the integer kernels on the layers of known networks, and the share of the measured int8 peak. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "kernels/integer_conv/integer_conv.h"
#include "kernels/integer_matmul/integer_matmul.h"

static ht_tensor_desc scalar_of(ht_type type) { return (ht_tensor_desc){.type = type}; }

/* Operands of a product by the rule of ONNX, one weight scale per column. */
static void describe_product(ht_kernel_call *call, ht_tensor_desc x, ht_tensor_desc w, int64_t columns,
                             ht_tensor_desc y) {
    ht_tensor_desc *in = call->inputs;
    call->input_count = HT_PRODUCT_OPERANDS;
    call->output_count = 1;
    in[HT_PRODUCT_X] = x;
    in[HT_PRODUCT_W] = w;
    in[HT_PRODUCT_BIAS] = tensor_of(HT_I32, 1, &columns, HT_LAYOUT_PLAIN);
    in[HT_PRODUCT_X_ZERO] = in[HT_PRODUCT_Y_ZERO] = scalar_of(x.type);
    in[HT_PRODUCT_W_ZERO] = scalar_of(HT_NONE);
    in[HT_PRODUCT_SCALE] = in[HT_PRODUCT_Y_SCALE] = scalar_of(HT_F32);
    in[HT_PRODUCT_SHIFT] = tensor_of(HT_F32, 1, &columns, HT_LAYOUT_PLAIN);
    call->outputs[0] = y;
}

static const ht_requantize_parameters by_float = {.rule = HT_REQUANTIZE_FLOAT, .low = 0, .high = 255};

static void bench_conv(const bench *b, const char *network, int64_t c, int64_t o, int64_t in, int64_t kernel,
                       int64_t stride, int64_t groups) {
    int64_t out = (in - 1) / stride + 1, pad = kernel / 2;
    ht_integer_conv_parameters p = {.conv = {.spatial = 2,
                                             .groups = groups,
                                             .strides = {stride, stride},
                                             .dilations = {1, 1},
                                             .pads_begin = {pad, pad},
                                             .pads_end = {pad, pad}},
                                    .requantize = by_float};
    int64_t x_dims[4] = {1, c, in, in}, y_dims[4] = {1, o, out, out}, w_dims[4] = {o, c / groups, kernel, kernel};
    ht_kernel_call call = {.family = &ht__integer_conv_family};
    describe_product(&call, tensor_of(HT_U8, 4, x_dims, HT_LAYOUT_CHANNELS_LAST),
                     tensor_of(HT_I8, 4, w_dims, HT_LAYOUT_PLAIN), o,
                     tensor_of(HT_U8, 4, y_dims, HT_LAYOUT_CHANNELS_LAST));
    memcpy(call.parameters, &p, sizeof p);
    char label[96];
    snprintf(label, sizeof label, "%s %lldx%lld^2 -> %lld, %lldx%lld/%lld", network, (long long)c, (long long)in,
             (long long)o, (long long)kernel, (long long)kernel, (long long)stride);
    bench_measure(b, label, &call, 2.0 * (double)(o * out * out) * (double)(c / groups * kernel * kernel), true);
}

static void bench_matmul(const bench *b, int64_t m, int64_t n, int64_t k) {
    ht_integer_matmul_parameters p = {.transpose_w = true, .requantize = by_float};
    int64_t x_dims[2] = {m, k}, w_dims[2] = {n, k}, y_dims[2] = {m, n};
    ht_kernel_call call = {.family = &ht__integer_matmul_family};
    describe_product(&call, tensor_of(HT_U8, 2, x_dims, HT_LAYOUT_PLAIN), tensor_of(HT_I8, 2, w_dims, HT_LAYOUT_PLAIN),
                     n, tensor_of(HT_U8, 2, y_dims, HT_LAYOUT_PLAIN));
    memcpy(call.parameters, &p, sizeof p);
    char label[96];
    snprintf(label, sizeof label, "%lldx%lldx%lld", (long long)m, (long long)n, (long long)k);
    bench_measure(b, label, &call, 2.0 * (double)m * (double)n * (double)k, true);
}

void bench_integers(const bench *b) {
    static const int64_t layers[][6] = {/* channels, filters, map, kernel, stride, groups: ResNet-50 */
                                        {3, 64, 224, 7, 2, 1},
                                        {64, 64, 56, 1, 1, 1},
                                        {64, 64, 56, 3, 1, 1},
                                        {64, 256, 56, 1, 1, 1},
                                        {256, 64, 56, 1, 1, 1},
                                        {256, 512, 56, 1, 2, 1},
                                        {128, 128, 28, 3, 1, 1},
                                        {512, 128, 28, 1, 1, 1},
                                        {128, 512, 28, 1, 1, 1},
                                        {256, 256, 28, 3, 2, 1},
                                        {256, 256, 14, 3, 1, 1},
                                        {256, 1024, 14, 1, 1, 1},
                                        {1024, 256, 14, 1, 1, 1},
                                        {512, 512, 7, 3, 1, 1},
                                        {512, 2048, 7, 1, 1, 1},
                                        {2048, 512, 7, 1, 1, 1},
                                        /* MobileNetV2 */
                                        {3, 32, 224, 3, 2, 1},
                                        {32, 32, 112, 3, 1, 32},
                                        {96, 96, 112, 3, 2, 96},
                                        {144, 144, 56, 3, 1, 144},
                                        {144, 144, 56, 3, 2, 144},
                                        {192, 192, 28, 3, 1, 192},
                                        {384, 384, 14, 3, 1, 384},
                                        {960, 960, 7, 3, 1, 960},
                                        {32, 16, 112, 1, 1, 1},
                                        {16, 96, 112, 1, 1, 1},
                                        {144, 24, 56, 1, 1, 1},
                                        {320, 1280, 7, 1, 1, 1}};
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; ++i) {
        const int64_t *l = layers[i];
        bench_conv(b, l[5] == 1 ? "conv" : "depthwise", l[0], l[1], l[2], l[3], l[4], l[5]);
    }
    static const int64_t products[][3] = {{1, 4096, 4096}, {1, 1000, 2048}, {128, 768, 768}, {128, 3072, 768}};
    for (size_t i = 0; i < sizeof products / sizeof products[0]; ++i) {
        bench_matmul(b, products[i][0], products[i][1], products[i][2]);
    }
}
