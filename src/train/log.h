/* The table of epochs as a CSV file. */
#ifndef HT_TRAIN_LOG_H
#define HT_TRAIN_LOG_H

#include "base/memory.h"
#include "halftone/train.h"

/* Writes the file anew with `count` epochs; a value that does not exist is an empty field. Errors: HT_ERROR_IO. */
ht_status ht__train_log_write(const ht_allocator *allocator, const char *path, const ht_train_epoch *epochs,
                              size_t count, ht_error *err);

#endif
