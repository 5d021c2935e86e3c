/* Where each output coordinate of a Resize reads, and with which weights. */
#ifndef HT_KERNELS_RESIZE_TAPS_H
#define HT_KERNELS_RESIZE_TAPS_H

#include "kernels/resize/resize.h"

/* Taps of one axis: those of output coordinate o are elements [o * count ..] of both arrays. */
typedef struct ht_resize_taps {
    int64_t count;
    const int64_t *positions; /* -1: extrapolated */
    const double *weights;
} ht_resize_taps;

/* The state of a variant that resizes; behind it lie the taps. */
typedef struct ht_resize_state {
    ht_kernel_call call;
    ht_resize_taps axes[HT_MAX_RANK];
} ht_resize_state;
/* A prepare for such variants: makes the taps of `p`, none when that is NULL or when x or y is empty. */
ht_status ht__resize_prepare(const ht_kernel_call *call, const ht_resize_parameters *p, const ht_kernel_env *env,
                             ht_kernel_state *state, ht_error *err);

/* One element of y being computed. */
typedef struct ht_resize_reading {
    const ht_resize_taps *axes;
    const int64_t *index, *strides; /* of the element in y; of x */
    int32_t rank;
    double (*load)(const void *source, int64_t offset); /* an element of x as a number */
    const void *source;
} ht_resize_reading;

/* The weighted sum over the taps of `axis` and those behind it, from element `offset` of x on. */
double ht__resize_interpolate(const ht_resize_reading *reading, int32_t axis, int64_t offset);
/* Does a coordinate along any axis lie outside x? *offset gets that of the first taps. */
bool ht__resize_is_outside(const ht_resize_reading *reading, int64_t *offset);

#endif
