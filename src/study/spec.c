/* study.yaml in, a specification out. What the keys mean is in docs/studies.md. */
#include <stdio.h>
#include <string.h>

#include "study/study.h"

typedef struct reading {
    ht_arena *arena;
    ht_document *document;
    ht_error *err;
} reading;

static ht_status take_memory(reading *job, size_t count, size_t size, void *out) {
    size_t bytes;
    void *memory = ht__mul(count, size, &bytes) ? ht__arena_alloc(job->arena, bytes) : NULL;
    if (memory == NULL) {
        return ht__fail_memory(job->err, count * size);
    }
    *(void **)out = memory;
    return HT_OK;
}

/* A text copied into the arena; *out keeps its value when the key is absent. */
static ht_status read_text(reading *job, ht_document_node *mapping, const char *key, const char **out) {
    ht_document_node *node = ht__document_find(job->document, mapping, key);
    if (node == NULL) {
        return HT_OK;
    }
    HT_TRY(ht__document_text(job->document, node, key, out, job->err));
    *out = ht__arena_strdup(job->arena, *out);
    return *out != NULL ? HT_OK : ht__fail_memory(job->err, 64);
}

static ht_status read_bool(reading *job, ht_document_node *mapping, const char *key, bool *out) {
    ht_document_node *node = ht__document_find(job->document, mapping, key);
    return node != NULL ? ht__document_bool(job->document, node, key, out, job->err) : HT_OK;
}

static ht_status read_integer(reading *job, ht_document_node *mapping, const char *key, int64_t low, int64_t high,
                              int64_t *out) {
    ht_document_node *node = ht__document_find(job->document, mapping, key);
    return node != NULL ? ht__document_integer(job->document, node, key, low, high, out, job->err) : HT_OK;
}

/* A list of texts (or one); count 0 when the key is absent. `lines` may be NULL. */
static ht_status read_texts(reading *job, ht_document_node *mapping, const char *key, const char *const **out,
                            const int64_t **lines, size_t *count) {
    *count = 0;
    ht_document_node *node = ht__document_find(job->document, mapping, key);
    if (node == NULL) {
        return HT_OK;
    }
    size_t length = ht__document_count(node);
    const char **texts;
    int64_t *where;
    HT_TRY(take_memory(job, length, sizeof *texts, &texts));
    HT_TRY(take_memory(job, length, sizeof *where, &where));
    for (size_t i = 0; i < length; ++i) {
        ht_document_node *item = ht__document_item(job->document, node, i);
        HT_TRY(ht__document_text(job->document, item, key, &texts[i], job->err));
        texts[i] = ht__arena_strdup(job->arena, texts[i]);
        where[i] = ht__document_line(item);
        if (texts[i] == NULL) {
            return ht__fail_memory(job->err, 64);
        }
    }
    *out = texts;
    *count = length;
    if (lines != NULL) {
        *lines = where;
    }
    return HT_OK;
}

/* A list of whole numbers (or one); count 0 when the key is absent. */
static ht_status read_integers(reading *job, ht_document_node *mapping, const char *key, int64_t low, int64_t high,
                               int64_t **out, size_t *count) {
    *count = 0;
    ht_document_node *node = ht__document_find(job->document, mapping, key);
    if (node == NULL) {
        return HT_OK;
    }
    size_t length = ht__document_count(node);
    HT_TRY(take_memory(job, length, sizeof **out, out));
    for (size_t i = 0; i < length; ++i) {
        ht_document_node *item = ht__document_item(job->document, node, i);
        HT_TRY(ht__document_integer(job->document, item, key, low, high, &(*out)[i], job->err));
    }
    *count = length;
    return HT_OK;
}

static ht_status read_seeds(reading *job, ht_document_node *node, ht_study_entry *entry) {
    int64_t *seeds;
    HT_TRY(read_integers(job, node, "seeds", 0, (int64_t)1 << 53, &seeds, &entry->seed_count));
    uint64_t *copies;
    HT_TRY(take_memory(job, entry->seed_count + 1, sizeof *copies, &copies));
    for (size_t i = 0; i < entry->seed_count; ++i) {
        copies[i] = (uint64_t)seeds[i];
    }
    entry->seed_count += entry->seed_count == 0; /* absent: seed 0, which the memory holds */
    entry->seeds = copies;
    return HT_OK;
}

static ht_status read_inits(reading *job, ht_document_node *node, ht_study_entry *entry) {
    HT_TRY(read_texts(job, node, "inits", &entry->inits, NULL, &entry->init_count));
    for (size_t i = 0; i < entry->init_count; ++i) {
        ht_initialization unused;
        if (!ht__initialization_find(entry->inits[i], &unused)) {
            return ht__document_fail(job->document, ht__document_find(job->document, node, "inits"), job->err,
                                     "There is no initialization \"%.40s\"; there are he-normal, he-uniform, "
                                     "xavier-normal and xavier-uniform.",
                                     entry->inits[i]);
        }
    }
    if (entry->init_count == 0) {
        const char **none;
        HT_TRY(take_memory(job, 1, sizeof *none, &none));
        entry->inits = none;
        entry->init_count = 1;
    }
    return HT_OK;
}

/* "nets/small.onnx" is named "small" unless it says otherwise. */
static const char *stem_of(ht_arena *arena, const char *file) {
    const char *slash = strrchr(file, '/'), *base = slash != NULL ? slash + 1 : file;
    char *name = ht__arena_strdup(arena, base);
    char *dot = name != NULL ? strrchr(name, '.') : NULL;
    if (dot != NULL && dot != name) {
        *dot = '\0';
    }
    return name;
}

static ht_status read_entry(reading *job, ht_document_node *node, ht_study_entry *entry) {
    static const char *const keys[] = {"name",  "arch",  "file",     "data",      "seeds",
                                       "inits", "train", "evaluate", "calibrate", NULL};
    HT_TRY(ht__document_known(job->document, node, "A model", keys, job->err));
    *entry = (ht_study_entry){.evaluate = "test", .calibrate = "calibration", .line = ht__document_line(node)};
    HT_TRY(read_text(job, node, "name", &entry->name));
    HT_TRY(read_text(job, node, "arch", &entry->arch));
    HT_TRY(read_text(job, node, "file", &entry->file));
    HT_TRY(read_text(job, node, "evaluate", &entry->evaluate));
    HT_TRY(read_text(job, node, "calibrate", &entry->calibrate));
    if ((entry->arch == NULL) == (entry->file == NULL)) {
        return ht__document_fail(job->document, node, job->err,
                                 "A model needs either \"arch\" (to train it) or \"file\" (to load it).");
    }
    if (entry->name == NULL) {
        entry->name = entry->arch != NULL ? entry->arch : stem_of(job->arena, entry->file);
    }
    HT_TRY(read_texts(job, node, "data", &entry->data, NULL, &entry->data_count));
    if (entry->data_count == 0) {
        return ht__document_fail(job->document, node, job->err, "The model \"%.60s\" needs \"data\".", entry->name);
    }
    HT_TRY(read_seeds(job, node, entry));
    HT_TRY(read_inits(job, node, entry));
    ht_document_node *train = ht__document_find(job->document, node, "train");
    if (entry->arch == NULL && (train != NULL || entry->seed_count > 1 || entry->inits[0] != NULL)) {
        return ht__document_fail(job->document, node, job->err,
                                 "A model from a file is not trained: \"train\", \"seeds\" and \"inits\" say nothing.");
    }
    if (train == NULL) {
        return HT_OK;
    }
    ht_recipe_setting *recipe;
    HT_TRY(ht__recipe_parse(job->arena, job->document, train, &recipe, &entry->recipe_count, job->err));
    entry->recipe = recipe;
    return HT_OK;
}

static ht_status read_bits(reading *job, ht_document_node *node, ht_study_grid *grid) {
    int64_t *given;
    HT_TRY(read_integers(job, node, "bits", 1, HT_BITS_MAX, &given, &grid->bits_count));
    if (grid->bits_count == 0) {
        return ht__document_fail(job->document, node, job->err, "A grid needs \"bits\".");
    }
    uint32_t *bits;
    HT_TRY(take_memory(job, grid->bits_count, sizeof *bits, &bits));
    for (size_t i = 0; i < grid->bits_count; ++i) {
        bits[i] = (uint32_t)given[i];
    }
    grid->bits = bits;
    return HT_OK;
}

static ht_status check_model_names(reading *job, ht_document_node *node, const ht_study_spec *spec,
                                   const ht_study_grid *grid) {
    for (size_t i = 0; i < grid->model_count; ++i) {
        size_t e = 0;
        while (e < spec->entry_count && strcmp(spec->entries[e].name, grid->models[i]) != 0) {
            ++e;
        }
        if (e == spec->entry_count) {
            return ht__document_fail(job->document, ht__document_find(job->document, node, "models"), job->err,
                                     "No model of this study is named \"%.60s\".", grid->models[i]);
        }
    }
    return HT_OK;
}

static ht_status read_grid(reading *job, ht_document_node *node, const ht_study_spec *spec, ht_study_grid *grid) {
    static const char *const keys[] = {"models",
                                       "schemes",
                                       "bits",
                                       "activation_bits",
                                       "fold_batch_norm",
                                       "quantize_biases",
                                       "quantize_norms",
                                       "quantization_seeds",
                                       NULL};
    HT_TRY(ht__document_known(job->document, node, "A grid", keys, job->err));
    *grid = (ht_study_grid){.quantize_biases = true, .quantize_norms = true};
    HT_TRY(read_texts(job, node, "models", &grid->models, NULL, &grid->model_count));
    HT_TRY(check_model_names(job, node, spec, grid));
    HT_TRY(read_texts(job, node, "schemes", &grid->schemes, &grid->scheme_lines, &grid->scheme_count));
    if (grid->scheme_count == 0) {
        return ht__document_fail(job->document, node, job->err, "A grid needs \"schemes\".");
    }
    HT_TRY(read_bits(job, node, grid));
    int64_t activation_bits = 0, seeds = 5;
    HT_TRY(read_integer(job, node, "activation_bits", 0, HT_BITS_MAX, &activation_bits));
    HT_TRY(read_integer(job, node, "quantization_seeds", 1, 1000, &seeds));
    grid->activation_bits = (uint32_t)activation_bits;
    grid->quantization_seeds = (uint32_t)seeds;
    HT_TRY(read_bool(job, node, "fold_batch_norm", &grid->fold_batch_norm));
    HT_TRY(read_bool(job, node, "quantize_biases", &grid->quantize_biases));
    return read_bool(job, node, "quantize_norms", &grid->quantize_norms);
}

static ht_status read_report(reading *job, ht_document_node *root, ht_study_spec *spec) {
    static const char *const keys[] = {"model", "schemes", NULL};
    ht_document_node *node = ht__document_find(job->document, root, "report");
    if (node == NULL) {
        return HT_OK;
    }
    HT_TRY(ht__document_known(job->document, node, "\"report\"", keys, job->err));
    HT_TRY(read_text(job, node, "model", &spec->report_model));
    return read_texts(job, node, "schemes", &spec->report_schemes, NULL, &spec->report_scheme_count);
}

/* A list under `key`, required and not empty. */
static ht_status find_list(reading *job, ht_document_node *root, const char *key, ht_document_node **out) {
    *out = ht__document_find(job->document, root, key);
    if (*out == NULL || (*out)->type != YAML_SEQUENCE_NODE || ht__document_count(*out) == 0) {
        return ht__document_fail(job->document, *out != NULL ? *out : root, job->err,
                                 "A study needs \"%s\": a list with at least one entry.", key);
    }
    return HT_OK;
}

static ht_status read_root(reading *job, ht_study_spec *spec) {
    static const char *const keys[] = {"name", "seed", "models", "grids", "report", NULL};
    ht_document_node *root = ht__document_root(job->document), *list;
    HT_TRY(ht__document_known(job->document, root, "A study", keys, job->err));
    spec->name = "study";
    HT_TRY(read_text(job, root, "name", &spec->name));
    int64_t seed = 0;
    HT_TRY(read_integer(job, root, "seed", 0, (int64_t)1 << 53, &seed));
    spec->seed = (uint64_t)seed;
    HT_TRY(find_list(job, root, "models", &list));
    size_t count = ht__document_count(list);
    HT_TRY(take_memory(job, count, sizeof *spec->entries, &spec->entries));
    for (; spec->entry_count < count; ++spec->entry_count) {
        HT_TRY(read_entry(job, ht__document_item(job->document, list, spec->entry_count),
                          &spec->entries[spec->entry_count]));
    }
    HT_TRY(find_list(job, root, "grids", &list));
    count = ht__document_count(list);
    HT_TRY(take_memory(job, count, sizeof *spec->grids, &spec->grids));
    for (; spec->grid_count < count; ++spec->grid_count) {
        HT_TRY(read_grid(job, ht__document_item(job->document, list, spec->grid_count), spec,
                         &spec->grids[spec->grid_count]));
    }
    return read_report(job, root, spec);
}

ht_status ht__study_parse(ht_arena *arena, const char *file, const void *text, size_t size, ht_study_spec *out,
                          ht_error *err) {
    ht_document document;
    *out = (ht_study_spec){.name = NULL};
    HT_TRY(ht__document_parse(file, text, size, &document, err));
    reading job = {.arena = arena, .document = &document, .err = err};
    ht_status status = read_root(&job, out);
    ht__sha256_hex(text, size, out->hash);
    ht__document_close(&document);
    return status;
}
