/* From the specification to the list of models and cells. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "study/study.h"

#define MAX_CELLS 200000

/* Copies `text` with everything that does not belong into a file name replaced by '-'. */
static const char *file_word(ht_arena *arena, const char *text) {
    char *copy = ht__arena_strdup(arena, text);
    for (char *c = copy; c != NULL && *c != '\0'; ++c) {
        if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-') {
            *c = '-';
        }
    }
    return copy;
}

/* "telescope" -> "telescope:test"; a slice goes behind the split. */
static const char *join_split(ht_arena *arena, const char *data, const char *split) {
    return ht__arena_printf(arena, "%s:%s", data, split);
}

static ht_status model_paths(ht_study *study, ht_study_model *model, ht_error *err) {
    const ht_study_entry *entry = model->entry;
    ht_arena *arena = study->arena;
    const char *shown = entry->file != NULL ? entry->file : ht__arena_printf(arena, "models/%s.onnx", model->id);
    model->file_shown = shown;
    model->file = shown != NULL && shown[0] == '/' ? shown : ht__arena_printf(arena, "%s/%s", study->folder, shown);
    if (model->file == NULL) {
        return ht__fail_memory(err, 256);
    }
    return HT_OK;
}

static ht_status model_key(ht_study *study, ht_study_model *model, ht_error *err) {
    const ht_study_entry *entry = model->entry;
    const char *recipe = ht__recipe_text(study->arena, entry->recipe, entry->recipe_count);
    if (recipe != NULL) {
        model->key =
            ht__arena_printf(study->arena, "%s|%s|%s|init=%s|seed=%llu|%s", entry->arch != NULL ? "arch" : "file",
                             entry->arch != NULL ? entry->arch : entry->file, model->dataset,
                             model->init != NULL ? model->init : "recipe", (unsigned long long)model->seed, recipe);
    }
    return model->key != NULL ? HT_OK : ht__fail_memory(err, 256);
}

static ht_status add_model(ht_study *study, const ht_study_entry *entry, const char *data, const char *init,
                           uint64_t seed, ht_error *err) {
    ht_arena *arena = study->arena;
    ht_study_model *model = &study->models[study->model_count];
    *model = (ht_study_model){.name = entry->name,
                              .arch = entry->arch,
                              .dataset = data,
                              .evaluate = join_split(arena, data, entry->evaluate),
                              .calibrate = join_split(arena, data, entry->calibrate),
                              .init = init,
                              .seed = seed,
                              .entry = entry};
    const char *dataset_word = file_word(arena, data), *name_word = file_word(arena, entry->name);
    if (dataset_word == NULL || name_word == NULL || model->evaluate == NULL || model->calibrate == NULL) {
        return ht__fail_memory(err, 256);
    }
    model->id = entry->arch == NULL
                    ? ht__arena_printf(arena, "%s_%s", dataset_word, name_word)
                    : ht__arena_printf(arena, "%s_%s%s%s_s%llu", dataset_word, name_word, init != NULL ? "_" : "",
                                       init != NULL ? init : "", (unsigned long long)seed);
    if (model->id == NULL) {
        return ht__fail_memory(err, 256);
    }
    for (size_t i = 0; i < study->model_count; ++i) {
        if (strcmp(study->models[i].id, model->id) == 0) {
            return ht__fail_line(err, HT_ERROR_FORMAT, "study.yaml", entry->line,
                                 "Two models would be called \"%s\"; give one a \"name\".", model->id);
        }
    }
    HT_TRY(model_paths(study, model, err));
    HT_TRY(model_key(study, model, err));
    ++study->model_count;
    return HT_OK;
}

static ht_status expand_models(ht_study *study, ht_error *err) {
    size_t total = 0;
    for (size_t e = 0; e < study->spec.entry_count; ++e) {
        const ht_study_entry *entry = &study->spec.entries[e];
        size_t product;
        if (!ht__mul(entry->data_count, entry->init_count, &product) ||
            !ht__mul(product, entry->seed_count, &product) || !ht__add(total, product, &total) || total > MAX_CELLS) {
            return ht__fail_line(err, HT_ERROR_LIMIT, "study.yaml", entry->line, "More than %d models.", MAX_CELLS);
        }
    }
    study->models = ht__arena_alloc(study->arena, total * sizeof *study->models);
    if (study->models == NULL) {
        return ht__fail_memory(err, total * sizeof *study->models);
    }
    for (size_t e = 0; e < study->spec.entry_count; ++e) {
        const ht_study_entry *entry = &study->spec.entries[e];
        for (size_t d = 0; d < entry->data_count; ++d) {
            for (size_t i = 0; i < entry->init_count; ++i) {
                for (size_t s = 0; s < entry->seed_count; ++s) {
                    HT_TRY(add_model(study, entry, entry->data[d], entry->inits[i], entry->seeds[s], err));
                }
            }
        }
    }
    return HT_OK;
}

static bool grid_has(const ht_study_grid *grid, const ht_study_model *model) {
    for (size_t i = 0; i < grid->model_count; ++i) {
        if (strcmp(grid->models[i], model->name) == 0) {
            return true;
        }
    }
    return grid->model_count == 0;
}

static int by_id(const void *a, const void *b) {
    return strcmp(((const ht_study_cell *)a)->id, ((const ht_study_cell *)b)->id);
}

/* 0 for the usual: everything quantized, nothing folded. */
static int options_of(const ht_study_cell *cell) {
    return cell->fold_batch_norm + 2 * !cell->quantize_biases + 4 * !cell->quantize_norms;
}

static int by_model(const void *a, const void *b) {
    const ht_study_cell *x = a, *y = b;
    if (x->model != y->model) {
        return x->model < y->model ? -1 : 1;
    }
    int order = strcmp(x->scheme_name, y->scheme_name);
    order = order != 0 ? order : options_of(x) - options_of(y);
    order = order != 0 ? order : (int)x->scheme.activation_bits - (int)y->scheme.activation_bits;
    if (order != 0) {
        return order;
    }
    if (x->scheme.bits != y->scheme.bits) {
        return x->scheme.bits < y->scheme.bits ? -1 : 1;
    }
    return (x->quantization_seed > y->quantization_seed) - (x->quantization_seed < y->quantization_seed);
}

static ht_status add_cell(ht_study *study, const ht_study_grid *grid, size_t model, const ht_scheme *scheme,
                          const char *name, uint32_t seed, ht_error *err) {
    if (study->cell_count == MAX_CELLS) {
        return ht__fail(err, HT_ERROR_LIMIT, "The study has more than %d cells.", MAX_CELLS);
    }
    ht_study_cell *cell = &study->cells[study->cell_count];
    *cell = (ht_study_cell){.model = model,
                            .scheme = *scheme,
                            .scheme_name = name,
                            .fold_batch_norm = grid->fold_batch_norm,
                            .quantize_biases = grid->quantize_biases,
                            .quantize_norms = grid->quantize_norms,
                            .quantization_seed = seed};
    cell->scheme.seed = seed;
    char text[HT_SCHEME_TEXT], widths[32] = "", seeds[32] = "", options[32] = "";
    ht_scheme_print(&cell->scheme, text);
    if (scheme->activation_bits != 0) {
        snprintf(widths, sizeof widths, "a%u", scheme->activation_bits);
    }
    if (ht_scheme_is_random(scheme)) {
        snprintf(seeds, sizeof seeds, "/q%u", seed);
    }
    if (options_of(cell) != 0) {
        snprintf(options, sizeof options, "/%s%s%s", cell->fold_batch_norm ? "folded" : "",
                 cell->quantize_biases ? "" : "-biases", cell->quantize_norms ? "" : "-norms");
    }
    cell->id = ht__arena_printf(study->arena, "%s/%s%s/%u%s%s", study->models[model].id, name, options, scheme->bits,
                                widths, seeds);
    const ht_study_model *network = &study->models[model];
    cell->key = ht__arena_printf(study->arena, "%s|fold=%d,biases=%d,norms=%d|%s%s%s", text, grid->fold_batch_norm,
                                 grid->quantize_biases, grid->quantize_norms, network->evaluate,
                                 scheme->activation_bits != 0 ? "|" : "",
                                 scheme->activation_bits != 0 ? network->calibrate : "");
    if (cell->id == NULL || cell->key == NULL) {
        return ht__fail_memory(err, 256);
    }
    ++study->cell_count;
    return HT_OK;
}

/* All cells of one scheme of a grid for one model. A format with a width of its own has one cell. */
static ht_status add_scheme(ht_study *study, const ht_study_grid *grid, size_t model, size_t index, ht_error *err) {
    ht_scheme scheme;
    ht_error cause;
    if (ht_scheme_parse(grid->schemes[index], &scheme, &cause) != HT_OK) {
        return ht__fail_line(err, HT_ERROR_FORMAT, "study.yaml", grid->scheme_lines[index], "%s", cause.message);
    }
    uint32_t fixed = ht_scheme_fixed_bits(&scheme);
    for (size_t b = 0; b < (fixed != 0 ? 1 : grid->bits_count); ++b) {
        scheme.bits = fixed != 0 ? fixed : grid->bits[b];
        scheme.activation_bits = grid->activation_bits;
        if (ht_scheme_check(&scheme, &cause) != HT_OK) {
            return ht__fail_line(err, HT_ERROR_FORMAT, "study.yaml", grid->scheme_lines[index], "%s", cause.message);
        }
        uint32_t seeds = ht_scheme_is_random(&scheme) ? grid->quantization_seeds : 1;
        for (uint32_t seed = 0; seed < seeds; ++seed) {
            HT_TRY(add_cell(study, grid, model, &scheme, grid->schemes[index], seed, err));
        }
    }
    return HT_OK;
}

/* Cells that a grid may give at most. */
static size_t grid_bound(const ht_study *study, const ht_study_grid *grid) {
    double bound = (double)study->model_count * (double)grid->scheme_count * (double)grid->bits_count *
                   (double)grid->quantization_seeds;
    return bound < MAX_CELLS ? (size_t)bound + grid->scheme_count * study->model_count : MAX_CELLS;
}

/* Two grids may meet in a cell; afterwards the cells of a model stand together. */
static void drop_repeated(ht_study *study) {
    qsort(study->cells, study->cell_count, sizeof *study->cells, by_id);
    size_t kept = 0;
    for (size_t i = 0; i < study->cell_count; ++i) {
        if (kept == 0 || strcmp(study->cells[kept - 1].id, study->cells[i].id) != 0) {
            study->cells[kept++] = study->cells[i];
        }
    }
    study->cell_count = kept;
    qsort(study->cells, study->cell_count, sizeof *study->cells, by_model);
}

ht_status ht__study_expand(ht_study *study, ht_error *err) {
    HT_TRY(expand_models(study, err));
    size_t bound = 0;
    for (size_t g = 0; g < study->spec.grid_count; ++g) {
        bound += grid_bound(study, &study->spec.grids[g]);
    }
    bound = bound < MAX_CELLS ? bound : MAX_CELLS;
    study->cells = ht__arena_alloc(study->arena, (bound + 1) * sizeof *study->cells);
    if (study->cells == NULL) {
        return ht__fail_memory(err, bound * sizeof *study->cells);
    }
    for (size_t g = 0; g < study->spec.grid_count; ++g) {
        const ht_study_grid *grid = &study->spec.grids[g];
        for (size_t m = 0; m < study->model_count; ++m) {
            for (size_t s = 0; grid_has(grid, &study->models[m]) && s < grid->scheme_count; ++s) {
                HT_TRY(add_scheme(study, grid, m, s, err));
            }
        }
    }
    drop_repeated(study);
    return HT_OK;
}
