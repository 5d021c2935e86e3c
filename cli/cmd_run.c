/* halftone run: a model or a plan on named tensors. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "halftone/eval.h"
#include "halftone/run.h"
#include "samples.h"
#include "verbs.h"

typedef struct run_settings {
    const char *model;
    cli_list inputs; /* NAME=FILE */
    const char *output_dir, *preprocess;
    bool reference, simulate;
} run_settings;

/* What is run: one of the two. */
typedef struct subject {
    ht_model *model;
    ht_plan *plan;
} subject;

/* ---- inputs ---- */

/* The element type that is wanted for an input; HT_NONE when there is none of this name. */
static ht_type wanted_type(const subject *what, const char *name) {
    ht_plan_end end;
    for (size_t i = 0; what->plan != NULL && ht_plan_input(what->plan, i, &end); ++i) {
        if (strcmp(end.name, name) == 0) {
            return end.type;
        }
    }
    ht_tensor_info info;
    for (size_t i = 0; what->model != NULL && ht_model_input(what->model, i, &info); ++i) {
        if (strcmp(info.name, name) == 0) {
            return info.type;
        }
    }
    return HT_NONE;
}

static bool is_picture(const char *path) {
    const char *ending = strrchr(path, '.');
    return ending != NULL &&
           (strcasecmp(ending, ".jpg") == 0 || strcasecmp(ending, ".jpeg") == 0 || strcasecmp(ending, ".png") == 0);
}

/* A picture goes through what the model remembers of its preprocessing, or --pre. */
static ht_status read_picture(cli_session *session, const ht_model *model, const char *path, const char *name,
                              const char *preprocess, ht_tensors **out, ht_error *err) {
    ht_dataset *picture = NULL;
    ht_status status = cli_open_samples(session, path, preprocess, 0, model, &picture, err);
    if (status == HT_OK) {
        status = cli_check_samples(session, model, picture, err);
    }
    if (status == HT_OK) {
        status = ht_dataset_tensor(session->context, picture, 0, model, name, out, err);
    }
    ht_dataset_close(picture);
    return status;
}

/* Reads NAME=FILE; a FILE alone is for the model's only input. A name may have equal signs in it: the longest one that
 * the model knows counts. */
static ht_status read_input(cli_session *session, const subject *what, const char *text, const char *preprocess,
                            ht_tensors **out, ht_error *err) {
    char name[512];
    const char *equals = NULL;
    for (const char *at = strchr(text, '='); at != NULL; at = strchr(at + 1, '=')) {
        snprintf(name, sizeof name, "%.*s", (int)(at - text), text);
        equals = equals == NULL || wanted_type(what, name) != HT_NONE ? at : equals;
    }
    if (equals == NULL || equals == text || equals[1] == '\0') {
        return cli_fail(err, HT_ERROR_ARGUMENT, "--input takes NAME=FILE, not '%s'.", text);
    }
    if ((size_t)(equals - text) >= sizeof name) {
        return cli_fail(err, HT_ERROR_LIMIT, "The name of an input has more than %zu characters.", sizeof name - 1);
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    if (is_picture(equals + 1) && what->model == NULL) {
        return cli_fail(err, HT_ERROR_UNSUPPORTED, "A plan takes tensors; %.200s is a picture.", equals + 1);
    }
    return is_picture(equals + 1)
               ? read_picture(session, what->model, equals + 1, name, preprocess, out, err)
               : ht_tensor_read(session->context, equals + 1, name, wanted_type(what, name), out, err);
}

/* ---- results ---- */

/* "f32[1,10]" */
static void print_shape(const ht_tensor *tensor, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, "%s[", ht_type_name(tensor->type));
    for (int32_t i = 0; i < tensor->rank && used < size; ++i) {
        used += (size_t)snprintf(text + used, size - used, "%s%" PRId64, i == 0 ? "" : ",", tensor->dims[i]);
    }
    if (used < size) {
        snprintf(text + used, size - used, "]");
    }
}

/* FOLDER/NAME.npy. Characters of the name that are no part of a plain file name are written as underscores. */
static ht_status file_of(const char *folder, const char *name, char *path, size_t size, ht_error *err) {
    int length = snprintf(path, size, "%s/%s.npy", folder, name);
    if (length < 0 || (size_t)length >= size) {
        return cli_fail(err, HT_ERROR_LIMIT, "The path of the output %.100s is too long.", name);
    }
    for (char *at = path + strlen(folder) + 1; *at != '\0'; ++at) {
        bool plain = (unsigned char)*at > ' ' && strchr("/\\:*?\"<>|", *at) == NULL;
        *at = plain ? *at : '_';
    }
    if (path[strlen(folder) + 1] == '.') {
        path[strlen(folder) + 1] = '_';
    }
    return HT_OK;
}

static ht_status report_output(cli_session *session, const run_settings *settings, const ht_tensor *tensor,
                               json_t *list, ht_error *err) {
    char path[4096] = "", shape[256];
    if (settings->output_dir != NULL) {
        ht_status status = file_of(settings->output_dir, tensor->name, path, sizeof path, err);
        if (status == HT_OK) {
            status = ht_tensor_write(session->context, path, tensor, session->common.force, err);
        }
        if (status != HT_OK) {
            return status;
        }
    }
    print_shape(tensor, shape, sizeof shape);
    if (!session->common.json) {
        printf("%s %s%s%s\n", tensor->name, shape, path[0] != '\0' ? " -> " : "", path);
        return HT_OK;
    }
    json_t *dims = json_array();
    for (int32_t i = 0; i < tensor->rank; ++i) {
        json_array_append_new(dims, json_integer((json_int_t)tensor->dims[i]));
    }
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:o, s:s?}", "name", tensor->name, "type", ht_type_name(tensor->type),
                                    "shape", dims, "file", path[0] != '\0' ? path : NULL));
    return HT_OK;
}

/* Counts the steps of each kernel of a plan. */
static void count_plan_steps(const ht_plan *plan, json_t *kernels) {
    const char *name, *kernel;
    for (size_t i = 0; ht_plan_step_at(plan, i, &name, &kernel, NULL); ++i) {
        json_object_set_new(kernels, kernel, json_integer(json_integer_value(json_object_get(kernels, kernel)) + 1));
    }
}

/* The same of a model while it runs. */
static void count_step(void *user, const char *node, const char *kernel) {
    (void)node;
    json_t *kernels = user;
    json_object_set_new(kernels, kernel, json_integer(json_integer_value(json_object_get(kernels, kernel)) + 1));
}

/* `kernels`: steps by kernel. */
static ht_status report(cli_session *session, const run_settings *settings, const ht_tensors *results, json_t *kernels,
                        ht_error *err) {
    if (settings->output_dir != NULL && mkdir(settings->output_dir, 0777) != 0 && errno != EEXIST) {
        return cli_fail(err, HT_ERROR_IO, "The folder %.200s cannot be made: %s.", settings->output_dir,
                        strerror(errno));
    }
    json_t *list = json_array();
    ht_status status = HT_OK;
    for (size_t i = 0; i < ht_tensors_count(results) && status == HT_OK; ++i) {
        status = report_output(session, settings, ht_tensors_at(results, i), list, err);
    }
    if (status == HT_OK && session->common.json) {
        return cli_print_json(
            "halftone-run", 1,
            json_pack("{s:s, s:o, s:O}", "model", settings->model, "outputs", list, "kernels", kernels), err);
    }
    json_decref(list);
    return status;
}

/* ---- the verb ---- */

static ht_status run_inputs(cli_session *session, const run_settings *settings, const subject *what,
                            const ht_tensor *inputs, json_t *kernels, ht_tensors **results, ht_error *err) {
    size_t count = settings->inputs.count;
    if (what->plan != NULL) {
        count_plan_steps(what->plan, kernels);
        return ht_plan_run_named(what->plan, session->context, inputs, count, results, err);
    }
    ht_run_options options = {
        .reference = settings->reference, .simulate = settings->simulate, .visit = count_step, .user = kernels};
    return ht_model_run(what->model, inputs, count, &options, results, err);
}

static ht_status run_subject(cli_session *session, const run_settings *settings, const subject *what, ht_error *err) {
    size_t count = settings->inputs.count;
    ht_tensors **files = calloc(count + 1, sizeof *files);
    ht_tensor *inputs = calloc(count + 1, sizeof *inputs);
    ht_tensors *results = NULL;
    json_t *kernels = json_object();
    ht_status status = files != NULL && inputs != NULL
                           ? HT_OK
                           : cli_fail(err, HT_ERROR_MEMORY, "There is no memory for %zu inputs.", count);
    for (size_t i = 0; i < count && status == HT_OK; ++i) {
        status = read_input(session, what, settings->inputs.items[i], settings->preprocess, &files[i], err);
        if (status == HT_OK) {
            inputs[i] = *ht_tensors_at(files[i], 0);
        }
    }
    if (status == HT_OK) {
        status = run_inputs(session, settings, what, inputs, kernels, &results, err);
    }
    if (status == HT_OK) {
        status = report(session, settings, results, kernels, err);
    }
    json_decref(kernels);
    ht_tensors_destroy(results);
    for (size_t i = 0; files != NULL && i < count; ++i) {
        ht_tensors_destroy(files[i]);
    }
    free(inputs);
    free(files);
    return status;
}

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    const run_settings *settings = given;
    subject what = {NULL, NULL};
    bool is_plan = ht_plan_is_file(settings->model);
    if (is_plan && (settings->simulate || settings->reference)) {
        return cli_fail(err, HT_ERROR_ARGUMENT, "A plan has its kernels: --simulate and --reference are for models.");
    }
    ht_status status = is_plan ? ht_plan_open(session->context, settings->model, &what.plan, err)
                               : ht_model_load(session->context, settings->model, &what.model, err);
    if (status != HT_OK) {
        return status;
    }
    status = run_subject(session, settings, &what, err);
    if (status == HT_ERROR_ARGUMENT && !is_plan) {
        cli_advise(session, "halftone info %s --no-layers lists the inputs.", settings->model);
    }
    ht_model_destroy(what.model);
    ht_plan_close(what.plan);
    return status;
}

#define AT(member) offsetof(run_settings, member)
static const cli_option options[] = {
    {.name = "MODEL",
     .positional = true,
     .required = true,
     .kind = CLI_TEXT,
     .offset = AT(model),
     .help = "an ONNX or TFLite model, or a plan (.ht)"},
    {.name = "input",
     .letter = 'i',
     .kind = CLI_REPEATED,
     .offset = AT(inputs),
     .value = "NAME=FILE",
     .help = "a tensor for an input, once for each: .npy, a picture (.jpg, .png), or an ONNX TensorProto"},
    CLI_PREPROCESS_OPTION(AT(preprocess)),
    {.name = "output-dir",
     .letter = 'o',
     .kind = CLI_TEXT,
     .offset = AT(output_dir),
     .value = "DIR",
     .otherwise = "shapes only",
     .help = "a folder, made if need be; each output is written as NAME.npy"},
    {.name = "simulate",
     .kind = CLI_FLAG,
     .offset = AT(simulate),
     .help = "imitate a quantized model in float instead of running it in integers"},
    {.name = "reference", .kind = CLI_FLAG, .offset = AT(reference), .help = "reference kernels only: slow"},
    {0},
};

const cli_verb cmd_run = {
    .name = "run",
    .stage = "Evaluate",
    .summary = "run a model on given tensors and write what comes out",
    .description =
        "Takes any model, also one whose shapes are known only while it runs, and plans that `halftone compile` made. "
        "Outputs are written in their own type. "
        "Types that NumPy lacks are written as raw bytes: bf16 as V2, the 8-bit, 6-bit and 4-bit floats as V1 (in "
        "Python, array.view(ml_dtypes.bfloat16) gives the numbers back); i2 and i4 are written as i1, u2 and u4 as u1. "
        "Inputs of these types are read the same way. --json says the type of each output, and how many steps each "
        "kernel computed.",
    .examples = {{"halftone run model.onnx --input image=image.npy --output-dir .", "writes one .npy file per output"},
                 {"halftone run model.onnx -i x=input_0.pb -i n=count.npy --json", "types and shapes, for a program"}},
    .options = options,
    .common = CLI_USES_JSON | CLI_USES_FORCE | CLI_USES_THREADS,
    .settings_size = sizeof(run_settings),
    .run = run,
};
