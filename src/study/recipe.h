/* The "train:" part of a study: departures from an architecture's training recipe. */
#ifndef HT_STUDY_RECIPE_H
#define HT_STUDY_RECIPE_H

#include "halftone/train.h"
#include "study/document.h"

struct ht_recipe_row;

/* One setting: a row of the table of settings and its value. */
typedef struct ht_recipe_setting {
    const struct ht_recipe_row *row;
    double value; /* a number, a truth value or the index of a word */
} ht_recipe_setting;

/* Reads a mapping such as {epochs: 10, optimizer: adam}. *out lives in the arena. Errors: HT_ERROR_FORMAT. */
ht_status ht__recipe_parse(ht_arena *arena, ht_document *document, ht_document_node *node, ht_recipe_setting **out,
                           size_t *count, ht_error *err);
/* Writes the settings over `options`. */
void ht__recipe_apply(const ht_recipe_setting *settings, size_t count, ht_train_options *options);
/* "epochs=10,optimizer=adam" in the table's order: the same text for the same settings. NULL when memory is short. */
const char *ht__recipe_text(ht_arena *arena, const ht_recipe_setting *settings, size_t count);

/* The initialization of this name ("he-normal"). False when there is none. */
bool ht__initialization_find(const char *name, ht_initialization *out);
/* Its name; never NULL. */
const char *ht__initialization_name(ht_initialization initialization);

#endif
