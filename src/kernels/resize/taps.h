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
/* Its bytes with the taps of `p`, none when that is NULL; SIZE_MAX when they cannot be counted. */
size_t ht__resize_state_bytes(const ht_kernel_call *call, const ht_resize_parameters *p);
/* Makes it in `memory`; no taps when x or y is empty. */
void ht__resize_bind(const ht_kernel_call *call, const ht_resize_parameters *p, void *memory);

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
