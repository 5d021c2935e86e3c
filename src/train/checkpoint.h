/* Checkpoints: everything that a training run needs to go on as if it had not been stopped.
 *
 * A file is the magic, the fingerprint of the run, the sizes of the parts, the parts, and the SHA-256 of all of it. It
 * is written beside and renamed: a kill at any moment leaves the last whole one.
 */
#ifndef HT_TRAIN_CHECKPOINT_H
#define HT_TRAIN_CHECKPOINT_H

#include "base/memory.h"

#define HT_FINGERPRINT_BYTES 32

typedef struct ht_checkpoint_part {
    void *data;
    size_t bytes;
} ht_checkpoint_part;

/* The SHA-256 of several stretches of memory. Errors: HT_ERROR_INTERNAL (libcrypto refused). */
ht_status ht__fingerprint(const ht_checkpoint_part *parts, size_t count, uint8_t out[HT_FINGERPRINT_BYTES],
                          ht_error *err);

/* Errors: HT_ERROR_IO. */
ht_status ht__checkpoint_write(const ht_allocator *allocator, const char *path,
                               const uint8_t fingerprint[HT_FINGERPRINT_BYTES], const ht_checkpoint_part *parts,
                               size_t count, ht_error *err);
/* Fills `parts` when the file is there, whole and of this run; else *found is false and `parts` keep their contents.
 * `reason` (static text) says why it was not taken, NULL when there is none. */
ht_status ht__checkpoint_read(const char *path, const uint8_t fingerprint[HT_FINGERPRINT_BYTES],
                              const ht_checkpoint_part *parts, size_t count, bool *found, const char **reason,
                              ht_error *err);

#endif
