#include "train/archs/arch.h"

#include <string.h>

static const ht_arch *const archs[] = {
    &ht__arch_mlp_simple, &ht__arch_mlp_complex, &ht__arch_lenet5,
    &ht__arch_cnn_small,  &ht__arch_cnn_vanilla, &ht__arch_resnet8,
    &ht__arch_resnet9,    &ht__arch_ds_cnn,      &ht__arch_mobilenet_v1_quarter,
};
#define ARCH_COUNT (sizeof archs / sizeof *archs)

size_t ht_arch_count(void) { return ARCH_COUNT; }

const ht_arch_info *ht_arch_at(size_t index) { return index < ARCH_COUNT ? &archs[index]->info : NULL; }

/* Levenshtein's distance, for names below 32 characters. */
static size_t distance(const char *a, const char *b) {
    size_t row[33], columns = strlen(b);
    columns = columns < 32 ? columns : 32;
    for (size_t j = 0; j <= columns; ++j) {
        row[j] = j;
    }
    for (size_t i = 0; a[i] != '\0'; ++i) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < columns; ++j) {
            size_t best = diagonal + (a[i] != b[j]);
            best = row[j + 1] + 1 < best ? row[j + 1] + 1 : best;
            best = row[j] + 1 < best ? row[j] + 1 : best;
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[columns];
}

ht_status ht__arch_find(const char *name, const ht_arch **out, ht_error *err) {
    size_t nearest = 0;
    for (size_t i = 0; i < ARCH_COUNT; ++i) {
        if (strcmp(name, archs[i]->info.name) == 0) {
            *out = archs[i];
            return HT_OK;
        }
        if (distance(name, archs[i]->info.name) < distance(name, archs[nearest]->info.name)) {
            nearest = i;
        }
    }
    return ht__fail(err, HT_ERROR_NOT_FOUND, "There is no architecture '%s'; the nearest is '%s'.", name,
                    archs[nearest]->info.name);
}

static ht_status add_input(ht_layers *layers, const ht_dataset_info *data) {
    ht_tensor_desc desc = {.type = HT_F32, .rank = 1 + (int32_t)data->rank, .dims = {-1}};
    for (size_t i = 0; i < data->rank; ++i) {
        desc.dims[i + 1] = (int64_t)data->dims[i];
    }
    HT_TRY(ht__graph_add_input(layers->graph, "input", &desc, &layers->input, layers->err));
    layers->input->symbols[0] = "batch";
    return HT_OK;
}

ht_status ht__arch_graph(ht_context *ctx, const ht_arch *arch, const ht_dataset_info *data,
                         ht_initialization initialization, uint64_t seed, ht_graph **out, ht_error *err) {
    if (arch->info.input_rank != data->rank) {
        return ht__fail(err, HT_ERROR_MISMATCH, "%s takes %s, but %s has %s.", arch->info.name,
                        arch->info.input_rank == 1 ? "rows of features" : "pictures", data->name,
                        data->rank == 1 ? "rows of features" : "pictures");
    }
    ht_graph *graph;
    HT_TRY(ht__graph_create(ctx, arch->info.name, &graph, err));
    ht_layers layers = {.graph = graph,
                        .task = data->task,
                        .initialization = initialization,
                        .seed = seed,
                        .err = err,
                        .outputs = data->task == HT_TASK_CLASSIFICATION ? data->classes : data->target_width};
    layers.status = add_input(&layers, data);
    if (layers.status == HT_OK) {
        arch->build(&layers);
    }
    if (layers.status != HT_OK) {
        ht__graph_destroy(graph);
        return layers.status;
    }
    *out = graph;
    return HT_OK;
}
