/* The built-in studies: commented study.yaml files to start from. */
#define _XOPEN_SOURCE 700 /* realpath, which POSIX alone does not promise */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "study/study.h"

typedef struct study_template {
    const char *name, *summary, *text;
} study_template;

static const char mlp_text[] =
    "# Small dense networks on two tables, every method of the capstone: about a minute on two cores.\n"
    "# Run it with \"halftone study run\", look at it with \"halftone study report\".\n"
    "name: mlp\n"
    "seed: 0                       # of bootstrap intervals\n"
    "\n"
    "# Networks: \"arch\" is trained here once per data set, seed and initialization; \"file\" is loaded.\n"
    "models:\n"
    "  - arch: mlp-simple\n"
    "    data: [telescope, churn]\n"
    "    seeds: [0]                # more seeds, more networks\n"
    "    # inits: [he-normal, xavier-uniform]\n"
    "    # evaluate: test          # split to measure on; test[0:2000] is its first 2,000 samples\n"
    "    # calibrate: calibration  # split to see activations on, where they are quantized\n"
    "    # train: {epochs: 10, batch: 16, optimizer: adam, learning_rate: 0.001}\n"
    "  - arch: mlp-complex\n"
    "    data: [telescope, churn]\n"
    "\n"
    "# Each grid is models x schemes x bits; without \"models\" it takes all. \"halftone list schemes\" names the "
    "schemes.\n"
    "grids:\n"
    "  - schemes:\n"
    "      - mid-rise\n"
    "      - nearest/uniform\n"
    "      - nearest/histogram\n"
    "      - nearest/normal\n"
    "      - stochastic/uniform\n"
    "    bits: [2, 3, 4, 6, 8, 10, 12, 16]\n"
    "    quantization_seeds: 5     # of the random roundings\n"
    "    # activation_bits: 8      # simulated; 0 leaves activations float\n"
    "    # fold_batch_norm: false\n"
    "    # quantize_biases: true\n"
    "    # quantize_norms: true\n"
    "\n"
    "# What the report opens with.\n"
    "report:\n"
    "  model: mlp-complex\n";

static const char capstone_text[] =
    "# The Edge capstone (2020) done again: 12 networks x 10 methods x 8 widths, and cells that switch off what may\n"
    "# explain a difference. CIFAR-10 stands in place of CIFAR-100.\n"
    "name: capstone\n"
    "seed: 0\n"
    "\n"
    "models:\n"
    "  - arch: mlp-simple\n"
    "    data: [telescope, churn, mv, california]\n"
    "    seeds: [0, 1, 2]          # how far another training changes the picture\n"
    "  - arch: mlp-complex\n"
    "    data: [telescope, churn, mv, california]\n"
    "    seeds: [0, 1, 2]\n"
    "  # Pictures take nearly all of the time. A slice of the test set shortens it and widens the intervals:\n"
    "  # \"evaluate: test\" is all 10,000 samples. bf16: products from bf16 operands, which train faster.\n"
    "  - arch: cnn-vanilla\n"
    "    data: [fashion-mnist-capstone]\n"
    "    evaluate: test[0:1000]\n"
    "    train: {epochs: 6, flip: true, bf16: true}\n"
    "  - arch: cnn-vanilla\n"
    "    data: [cifar-10-jpeg]\n"
    "    evaluate: test[0:500]\n"
    "    train: {epochs: 5, flip: true, bf16: true}\n"
    "  - arch: resnet9\n"
    "    data: [fashion-mnist-capstone]\n"
    "    evaluate: test[0:250]\n"
    "    train: {epochs: 6, flip: true, bf16: true}\n"
    "  - arch: resnet9\n"
    "    data: [cifar-10-jpeg]\n"
    "    evaluate: test[0:250]\n"
    "    train: {epochs: 4, flip: true, bf16: true}\n"
    "\n"
    "grids:\n"
    "  # The methods as the capstone defines them: one level set per layer, for weight and bias together, norm\n"
    "  # parameters quantized too.\n"
    "  - schemes:\n"
    "      - mid-rise\n"
    "      - mid-rise-iqr\n"
    "      - nearest/uniform\n"
    "      - nearest/uniform-iqr\n"
    "      - nearest/histogram\n"
    "      - nearest/normal\n"
    "      - stochastic/uniform\n"
    "      - stochastic/uniform-iqr\n"
    "      - stochastic/histogram\n"
    "      - stochastic/normal\n"
    "    bits: [2, 3, 4, 6, 8, 10, 12, 16]\n"
    "    quantization_seeds: 5\n"
    "\n"
    "  # Suspects, one switched off at a time. Batch-norm parameters stay float:\n"
    "  - models: [cnn-vanilla, resnet9]\n"
    "    schemes: [mid-rise, nearest/uniform]\n"
    "    bits: [3, 4, 6, 8, 10]\n"
    "    quantize_norms: false\n"
    "  # Batch norm is folded into the convolutions first:\n"
    "  - models: [cnn-vanilla, resnet9]\n"
    "    schemes: [mid-rise, nearest/uniform]\n"
    "    bits: [3, 4, 6, 8, 10]\n"
    "    fold_batch_norm: true\n"
    "  # Weights and biases have a range each:\n"
    "  - schemes: [\"nearest/uniform,quirks=none\"]\n"
    "    bits: [3, 4, 6, 8, 10]\n"
    "  # Biases stay float:\n"
    "  - schemes: [mid-rise]\n"
    "    bits: [3, 4, 6, 8, 10]\n"
    "    quantize_biases: false\n"
    "  # One range per output channel, batch norm folded:\n"
    "  - models: [cnn-vanilla, resnet9]\n"
    "    schemes: [\"nearest/uniform,quirks=none,granularity=channel\"]\n"
    "    bits: [3, 4, 6, 8, 10]\n"
    "    fold_batch_norm: true\n"
    "  # What the published program does otherwise than its report says: unsorted levels, an open fence, mid-rise "
    "without\n"
    "  # a limit on its cells (docs/studies.md names the quirks):\n"
    "  - schemes:\n"
    "      - \"nearest/normal,quirks=joint-bias+unsorted\"\n"
    "      - \"nearest/uniform-iqr,quirks=joint-bias+open-fence\"\n"
    "      - \"mid-rise-iqr,quirks=capstone\"\n"
    "    bits: [4, 6, 8, 10, 12, 16]\n"
    "\n"
    "report:\n"
    "  model: fashion-mnist-capstone_cnn-vanilla_s0\n"
    "  schemes: [mid-rise, nearest/uniform, nearest/normal, stochastic/uniform]\n";

static const char dense_text[] = "# Dense networks from several seeds and initializations, and the methods that the "
                                 "capstone only mentions: what its\n"
                                 "# claims C12 to C15 ask for. About five minutes on two cores.\n"
                                 "name: dense\n"
                                 "seed: 0\n"
                                 "\n"
                                 "models:\n"
                                 "  - arch: mlp-simple\n"
                                 "    data: [telescope, churn, mv, california]\n"
                                 "    seeds: [0, 1, 2]\n"
                                 "    inits: [he-uniform, he-normal, xavier-uniform, xavier-normal]\n"
                                 "  - arch: mlp-complex\n"
                                 "    data: [telescope, churn]\n"
                                 "    seeds: [0, 1, 2]\n"
                                 "    inits: [he-uniform, he-normal]\n"
                                 "\n"
                                 "grids:\n"
                                 "  - schemes:\n"
                                 "      - nearest/uniform\n"
                                 "      - nearest/histogram\n"
                                 "      - nearest/normal\n"
                                 "      - stochastic/uniform\n"
                                 "      - \"kde,quirks=joint-bias\"\n"
                                 "      - \"nearest/uniform,round=dithered\"\n"
                                 "    bits: [2, 3, 4, 6, 8]\n"
                                 "    quantization_seeds: 5\n"
                                 "\n"
                                 "report:\n"
                                 "  model: telescope_mlp-simple_he-uniform_s0\n";

static const study_template templates[] = {
    {"mlp", "two dense networks on two tables, five methods; about a minute", mlp_text},
    {"dense", "60 dense networks: seeds, initializations, density estimates, dithering; minutes", dense_text},
    {"capstone", "12 networks, 10 methods, 8 widths, as in the Edge capstone of 2020; hours", capstone_text},
};

const char *ht_study_template_at(size_t index, const char **summary) {
    if (index >= sizeof templates / sizeof *templates) {
        return NULL;
    }
    if (summary != NULL) {
        *summary = templates[index].summary;
    }
    return templates[index].name;
}

/* A study of one model file. `file` is quoted for YAML: ' becomes ''. */
static void write_file_study(ht_buffer *buffer, const char *file, const char *data) {
    ht__buffer_text(buffer,
                    "# One network under the usual schemes. Run it with \"halftone study run\".\nname: study\n\n"
                    "models:\n  - file: '");
    for (const char *c = file; *c != '\0'; ++c) {
        ht__buffer_append(buffer, c, 1);
        if (*c == '\'') {
            ht__buffer_text(buffer, "'");
        }
    }
    ht__buffer_text(buffer, "'\n");
    if (data != NULL) {
        ht__buffer_printf(buffer, "    data: ['%s']\n", data);
    } else {
        ht__buffer_text(buffer, "    data: []                 # fill in: a data set such as fashion-mnist\n");
    }
    ht__buffer_text(buffer,
                    "    evaluate: test           # split to measure on; test[0:2000] is its first 2,000 samples\n"
                    "\n"
                    "# Models x schemes x bits. \"halftone list schemes\" names the schemes.\n"
                    "grids:\n"
                    "  - schemes: [symmetric, affine, mid-rise, nearest/uniform]\n"
                    "    bits: [2, 3, 4, 5, 6, 8, 10, 12, 16]\n"
                    "  - schemes: [\"symmetric,granularity=channel\"]\n"
                    "    bits: [2, 3, 4, 5, 6, 8]\n"
                    "    fold_batch_norm: true\n");
}

/* The path as the study's folder sees it: absolute ones and those below stay; others are made absolute by the caller's
 * working folder. */
static ht_status path_from_folder(ht_context *ctx, const char *what, char **out, ht_error *err) {
    char *absolute = realpath(what, NULL);
    *out = ht__strdup(&ctx->allocator, absolute != NULL ? absolute : what);
    free(absolute);
    return *out != NULL ? HT_OK : ht__fail_memory(err, strlen(what));
}

static ht_status template_text(ht_context *ctx, const char *what, const char *data, ht_buffer *buffer, ht_error *err) {
    for (size_t i = 0; i < sizeof templates / sizeof *templates; ++i) {
        if (strcmp(templates[i].name, what) == 0) {
            ht__buffer_text(buffer, templates[i].text);
            return HT_OK;
        }
    }
    if (!ht__file_exists(what)) {
        return ht__fail(err, HT_ERROR_NOT_FOUND,
                        "\"%s\" is neither a built-in study (mlp, dense, capstone) nor a model file that exists.",
                        what);
    }
    char *path;
    HT_TRY(path_from_folder(ctx, what, &path, err));
    write_file_study(buffer, path, data);
    ht__free(&ctx->allocator, path);
    return HT_OK;
}

ht_status ht_study_init(ht_context *ctx, const char *what, const char *data, const char *folder, bool overwrite,
                        ht_error *err) {
    ht_buffer text, path;
    ht__buffer_init(&text, &ctx->allocator);
    ht__buffer_init(&path, &ctx->allocator);
    ht_status status;
    HT_TRY_GOTO(template_text(ctx, what, data, &text, err), finished);
    ht__buffer_printf(&path, "%s/study.yaml", folder);
    if (text.failed || path.failed) {
        status = ht__fail_memory(err, text.capacity);
        goto finished;
    }
    HT_TRY_GOTO(ht__make_folders(folder, err), finished);
    status = ht__file_write(&ctx->allocator, path.data, overwrite, text.data, text.size, err);
finished:
    ht__buffer_free(&text);
    ht__buffer_free(&path);
    return status;
}
