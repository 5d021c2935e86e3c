/* The inside of a list of tensors. */
#ifndef HT_FORMATS_TENSORS_H
#define HT_FORMATS_TENSORS_H

#include "base/context.h"
#include "base/tensor.h"
#include "halftone/run.h"

struct ht_tensors {
    const ht_allocator *allocator;
    size_t count;
    ht_tensor *items; /* owned, with names and data */
};

/* A list with room for `count` tensors, all without name and data. */
ht_status ht__tensors_create(const ht_allocator *allocator, size_t count, ht_tensors **out, ht_error *err);
/* Fills a place with a copy of `name` and with `data`, which passes to the list on success. */
ht_status ht__tensors_set(ht_tensors *tensors, size_t index, const char *name, const ht_tensor_desc *desc, void *data,
                          ht_error *err);

#endif
