/* The one list of kernel families. */
#include "kernels/families.h"

#include "kernels/attention/attention.h"
#include "kernels/conv/conv.h"
#include "kernels/dropout/dropout.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/integer_binary/integer_binary.h"
#include "kernels/integer_conv/integer_conv.h"
#include "kernels/integer_conv_transpose/integer_conv_transpose.h"
#include "kernels/integer_matmul/integer_matmul.h"
#include "kernels/integer_mean/integer_mean.h"
#include "kernels/integer_pool/integer_pool.h"
#include "kernels/integer_resize/integer_resize.h"
#include "kernels/integer_softmax/integer_softmax.h"
#include "kernels/line_norm/line_norm.h"
#include "kernels/lookup/lookup.h"
#include "kernels/matmul/matmul.h"
#include "kernels/move/move.h"
#include "kernels/norm/norm.h"
#include "kernels/pool/pool.h"
#include "kernels/quantize/quantize.h"
#include "kernels/recurrent/recurrent.h"
#include "kernels/reduce/reduce.h"
#include "kernels/resize/resize.h"
#include "kernels/softmax/softmax.h"

/* Those whose calls files can hold (they have rules), and all others. */
#define PLAN_LIST(X)          \
    X(conv)                   \
    X(conv_grad_input)        \
    X(matmul)                 \
    X(pool)                   \
    X(batch_norm)             \
    X(line_norm)              \
    X(quantize)               \
    X(dequantize)             \
    X(dynamic_quantize)       \
    X(fake_quantize)          \
    X(unary)                  \
    X(binary)                 \
    X(recurrent)              \
    X(reduce)                 \
    X(resize)                 \
    X(softmax)                \
    X(transpose)              \
    X(copy)                   \
    X(concat)                 \
    X(pad)                    \
    X(slice)                  \
    X(gather)                 \
    X(cast)                   \
    X(expand)                 \
    X(integer_binary)         \
    X(integer_conv)           \
    X(integer_conv_transpose) \
    X(integer_matmul)         \
    X(integer_mean)           \
    X(integer_pool)           \
    X(integer_resize)         \
    X(integer_softmax)        \
    X(lookup)
#define OTHER_LIST(X)     \
    X(conv_grad_weight)   \
    X(pool_grad)          \
    X(batch_norm_train)   \
    X(batch_norm_grad)    \
    X(attention)          \
    X(dropout)            \
    X(fake_quantize_grad) \
    X(softmax_grad)       \
    X(cross_entropy)      \
    X(cross_entropy_grad) \
    X(squared_error)      \
    X(squared_error_grad)

#define ADDRESS(name) &ht__##name##_family,
const ht_kernel_family *const ht__kernel_families[] = {PLAN_LIST(ADDRESS) OTHER_LIST(ADDRESS) NULL};
const ht_kernel_family *const ht__plan_families[] = {PLAN_LIST(ADDRESS) NULL};
