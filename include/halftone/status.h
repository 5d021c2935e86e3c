/* Status codes and errors.
 *
 * Every function that can fail returns an ht_status: 0 (HT_OK) or a negative value. Its last parameter is
 * `ht_error *err`, which may be NULL; when it is not, a failing function fills it with one whole sentence and the
 * place it speaks of. The library never prints, exits or aborts.
 */
#ifndef HALFTONE_STATUS_H
#define HALFTONE_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(HT_BUILDING_SHARED) && defined(__GNUC__)
#define HT_API __attribute__((visibility("default")))
#else
#define HT_API
#endif

/* X(name, value, text): the one list that makes the enum, the names and the texts. */
#define HT_STATUS_LIST(X)                                                                    \
    X(OK, 0, "success")                                                                      \
    X(ERROR_ARGUMENT, -1, "an argument is outside its documented range")                     \
    X(ERROR_MEMORY, -2, "memory could not be allocated")                                     \
    X(ERROR_IO, -3, "a file, disk or device could not be read or written")                   \
    X(ERROR_FORMAT, -4, "a file is damaged or not in the format it claims")                  \
    X(ERROR_UNSUPPORTED, -5, "the model or file uses something this build does not support") \
    X(ERROR_NOT_FOUND, -6, "a named thing does not exist")                                   \
    X(ERROR_EXISTS, -7, "the output exists already")                                         \
    X(ERROR_LIMIT, -8, "a size or count is beyond its limit")                                \
    X(ERROR_NUMERIC, -9, "a value is not finite or cannot be represented")                   \
    X(ERROR_NETWORK, -10, "a download failed")                                               \
    X(ERROR_MISMATCH, -11, "two things that must fit together do not")                       \
    X(ERROR_INTERRUPTED, -12, "interrupted; finished work is kept")                          \
    X(ERROR_GATE, -13, "a requested bound was not met")                                      \
    X(ERROR_INTERNAL, -14, "an internal check failed; please report it")

typedef enum ht_status {
#define HT_STATUS_ENUM(name, value, text) HT_##name = value,
    HT_STATUS_LIST(HT_STATUS_ENUM)
#undef HT_STATUS_ENUM
} ht_status;

/* What went wrong and where. Plain data owned by the caller; nothing in it needs freeing. */
typedef struct ht_error {
    ht_status status;
    char message[512]; /* a whole sentence, without a line end */
    char where[256];   /* file, node or tensor the sentence speaks of; empty when there is none */
    int64_t offset;    /* byte offset in the file, or -1 */
    int64_t line;      /* line in the file counted from 1, or -1 */
} ht_error;

/* The name of a status ("ERROR_IO"); "UNKNOWN" for a value outside the list. Never NULL. */
HT_API const char *ht_status_name(ht_status status);
/* The general text of a status; never NULL. */
HT_API const char *ht_status_text(ht_status status);

#ifdef __cplusplus
}
#endif
#endif
