#include "train/recipe.h"

#include "train/archs/arch.h"

static const char *const optimizer_names[] = {"sgd", "adam", "adamw"};
static const char *const schedule_names[] = {"constant", "step", "cosine", "onecycle"};
static const char *const initialization_names[] = {"he-normal", "he-uniform", "xavier-normal", "xavier-uniform"};

ht_status ht_train_defaults(const char *arch, const ht_dataset_info *data, ht_train_options *out, ht_error *err) {
    *out = (ht_train_options){.arch = arch,
                              .epochs = 10,
                              .batch = 64,
                              .optimizer = HT_OPTIMIZER_ADAM,
                              .learning_rate = 1e-3,
                              .momentum = 0.9,
                              .beta1 = 0.9,
                              .beta2 = 0.999,
                              .epsilon = 1e-8,
                              .schedule = HT_SCHEDULE_COSINE,
                              .step_epochs = 10,
                              .step_factor = 0.1,
                              .dropout = -1,
                              .initialization = HT_INITIALIZATION_HE_UNIFORM,
                              .qat_weight_bits = 8,
                              .resume = true};
    if (arch == NULL) {
        return HT_OK;
    }
    const ht_arch *found;
    HT_TRY(ht__arch_find(arch, &found, err));
    found->recipe(data, out);
    return HT_OK;
}

ht_status ht__recipe_check(const ht_train_options *recipe, const ht_dataset_info *data, ht_error *err) {
    const struct {
        const char *name;
        double value, low, high;
    } ranges[] = {
        {"epochs", (double)recipe->epochs, 1, 1e6},
        {"batch", (double)recipe->batch, 1, 65536},
        {"learning rate", recipe->learning_rate, 0, 1e3},
        {"momentum", recipe->momentum, 0, 1},
        {"beta1", recipe->beta1, 0, 1},
        {"beta2", recipe->beta2, 0, 1},
        {"epsilon", recipe->epsilon, 0, 1},
        {"weight decay", recipe->weight_decay, 0, 1e3},
        {"clipping norm", recipe->clip_norm, 0, 1e9},
        {"clipping value", recipe->clip_value, 0, 1e9},
        {"label smoothing", recipe->label_smoothing, 0, 1},
        {"crop", (double)recipe->crop, 0, 256},
        {"cutout", (double)recipe->cutout, 0, 4096},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; ++i) {
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value <= ranges[i].high)) {
            return ht__fail(err, HT_ERROR_ARGUMENT, "The %s is %g, but must be in %g to %g.", ranges[i].name,
                            ranges[i].value, ranges[i].low, ranges[i].high);
        }
    }
    if ((recipe->arch == NULL) == (recipe->from == NULL)) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "Training starts from an architecture or from a model, one of them.");
    }
    if ((recipe->flip || recipe->crop > 0 || recipe->cutout > 0) && data->rank != 3) {
        return ht__fail(err, HT_ERROR_ARGUMENT, "Only pictures can be augmented, and %s has none.", data->name);
    }
    return HT_OK;
}

void ht__recipe_print(const ht_train_options *r, ht_buffer *out) {
    ht__buffer_printf(out, "{\"arch\":\"%s\",\"epochs\":%zu,\"batch\":%zu,\"optimizer\":\"%s\",\"learning_rate\":%.17g",
                      r->arch != NULL ? r->arch : "", r->epochs, r->batch, optimizer_names[r->optimizer],
                      r->learning_rate);
    ht__buffer_printf(out, ",\"momentum\":%.17g,\"beta1\":%.17g,\"beta2\":%.17g,\"epsilon\":%.17g", r->momentum,
                      r->beta1, r->beta2, r->epsilon);
    ht__buffer_printf(out, ",\"weight_decay\":%.17g,\"nesterov\":%s,\"clip_norm\":%.17g,\"clip_value\":%.17g",
                      r->weight_decay, r->nesterov ? "true" : "false", r->clip_norm, r->clip_value);
    ht__buffer_printf(out, ",\"schedule\":\"%s\",\"step_epochs\":%zu,\"step_factor\":%.17g,\"label_smoothing\":%.17g",
                      schedule_names[r->schedule], r->step_epochs, r->step_factor, r->label_smoothing);
    ht__buffer_printf(out, ",\"dropout\":%.17g,\"init\":\"%s\",\"flip\":%s,\"crop\":%zu,\"cutout\":%zu", r->dropout,
                      initialization_names[r->initialization], r->flip ? "true" : "false", r->crop, r->cutout);
    ht__buffer_printf(out, ",\"precision\":\"%s\",\"seed\":%llu,\"patience\":%zu,\"keep_best\":%s",
                      r->bf16 ? "bf16" : "f32", (unsigned long long)r->seed, r->patience,
                      r->keep_best ? "true" : "false");
    if (r->qat_scheme != NULL) {
        ht__buffer_printf(out, ",\"qat\":\"%s\",\"bits\":\"%u/%u\"", r->qat_scheme, r->qat_weight_bits,
                          r->qat_activation_bits);
    }
    ht__buffer_text(out, "}");
}
