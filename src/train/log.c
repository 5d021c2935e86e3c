#include "train/log.h"

#include <math.h>

#include "base/file.h"

static void field(ht_buffer *text, double value) {
    if (isfinite(value)) {
        ht__buffer_printf(text, ",%.6g", value);
    } else {
        ht__buffer_text(text, ",");
    }
}

ht_status ht__train_log_write(const ht_allocator *allocator, const char *path, const ht_train_epoch *epochs,
                              size_t count, ht_error *err) {
    ht_buffer text;
    ht__buffer_init(&text, allocator);
    ht__buffer_text(&text, "epoch,learning_rate,loss,accuracy,validation_loss,validation_accuracy,seconds,"
                           "images_per_second\n");
    for (size_t i = 0; i < count; ++i) {
        const ht_train_epoch *e = &epochs[i];
        ht__buffer_printf(&text, "%zu", e->epoch);
        field(&text, e->learning_rate);
        field(&text, e->loss);
        field(&text, e->accuracy);
        field(&text, e->validation_loss);
        field(&text, e->validation_accuracy);
        field(&text, e->seconds);
        field(&text, e->images_per_second);
        ht__buffer_text(&text, "\n");
    }
    ht_status status = text.failed ? ht__fail_memory(err, text.size)
                                   : ht__file_write(allocator, path, true, text.data, text.size, err);
    ht__buffer_free(&text);
    return status;
}
