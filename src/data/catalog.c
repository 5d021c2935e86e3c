/* The described data sets and whether their files are here. */
#include <string.h>

#include "data/builtin.h"
#include "data/description.h"
#include "data/locate.h"

static bool is_present(ht_arena *arena, const ht__description *description, const char *data_dir) {
    ht__part_file *files = ht__arena_alloc(arena, HT__MAX_FILES * sizeof *files);
    for (size_t i = 0; i < description->part_count; ++i) {
        if (files == NULL ||
            ht__locate_part(arena, description, &description->parts[i], data_dir, files, NULL) != HT_OK) {
            return false;
        }
    }
    return true;
}

ht_status ht_dataset_list(ht_context *ctx, const char *data_dir,
                          bool (*visit)(void *user, const ht_dataset_entry *entry), void *user, ht_error *err) {
    bool wanted = true;
    for (const ht_builtin_file *file = ht__builtin_datasets; wanted && file->name != NULL; ++file) {
        ht_arena *arena;
        ht__description description;
        HT_TRY(ht__arena_create(&ctx->allocator, &arena, err));
        ht_status status = ht__description_read(arena, file->name, file->text, strlen(file->text), &description, err);
        if (status == HT_OK) {
            ht_dataset_entry entry = {description.name, description.title, description.licence,
                                      is_present(arena, &description, data_dir), description.fetch != NULL};
            wanted = visit(user, &entry);
        }
        ht__description_free(&description);
        ht__arena_destroy(arena);
        HT_TRY(status);
    }
    return HT_OK;
}
