/* Fuzz target: what describes data. The first byte chooses: a YAML description, a spec, or a stored preprocessing. */
#include <stdlib.h>
#include <string.h>

#include "data/description.h"
#include "data/preprocess/pipeline.h"
#include "data/spec.h"
#include "fuzz.h"

static void try_description(ht_arena *arena, const char *text, size_t size) {
    ht_error err;
    ht__description description;
    ht__pipeline pipeline;
    if (ht__description_read(arena, "fuzz.yaml", text, size, &description, &err) == HT_OK &&
        ht__pipeline_parse(arena, "fuzz.yaml", description.preprocess, &pipeline, &err) == HT_OK) {
        json_decref(ht__pipeline_print(&pipeline));
    }
    ht__description_free(&description);
}

static void try_spec(ht_arena *arena, const char *text) {
    ht_error err;
    ht__spec spec;
    json_t *root = NULL;
    if (ht__spec_parse(arena, text, &spec, &err) == HT_OK && strncmp(spec.base, "csv:", 4) == 0 &&
        ht__inline_description(arena, spec.base, &root, &err) == HT_OK) {
        ht__description description;
        (void)ht__description_from_json(arena, "spec", root, &description, &err);
        ht__description_free(&description);
    }
}

static void try_preprocess(ht_arena *arena, const char *text) {
    ht_error err;
    ht__pipeline pipeline;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (root != NULL && ht__pipeline_parse(arena, "fuzz", json_object_get(root, "steps"), &pipeline, &err) == HT_OK) {
        json_decref(ht__pipeline_print(&pipeline));
    }
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ht_arena *arena;
    if (size == 0 || ht__arena_create(&ht__system_allocator, &arena, NULL) != HT_OK) {
        return 0;
    }
    char *text = malloc(size);
    if (text != NULL) {
        memcpy(text, data + 1, size - 1);
        text[size - 1] = '\0';
        switch (data[0] % 3) {
        case 0: try_description(arena, text, size - 1); break;
        case 1: try_spec(arena, text); break;
        default: try_preprocess(arena, text);
        }
        free(text);
    }
    ht__arena_destroy(arena);
    return 0;
}
