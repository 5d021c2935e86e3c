/* Where data files are looked for: --data-dir, $HALFTONE_DATA, ./data, the user's cache. */
#ifndef HT_DATA_LOCATE_H
#define HT_DATA_LOCATE_H

#include "data/description.h"

/* The folder that downloads go to when none is named: $XDG_CACHE_HOME/halftone/data or ~/.cache/halftone/data. In the
 * arena; NULL when memory is short or there is no home. */
const char *ht__cache_folder(ht_arena *arena);

/* Finds each file of a part. files[part->file_count] are filled; their paths live in the arena.
 * Errors: HT_ERROR_NOT_FOUND: the sentence names the file, where it was looked for, and how to get it. */
ht_status ht__locate_part(ht_arena *arena, const ht__description *description, const ht__described_part *part,
                          const char *data_dir, ht__part_file *files, ht_error *err);

#endif
