#include "train/augment.h"

#include <string.h>

#include "base/rng.h"
#include "train/streams.h"

/* Random words that each picture may draw. */
#define WORDS_PER_PICTURE 16

typedef struct augment_job {
    const ht_train_options *recipe;
    uint64_t epoch, first;
    const size_t *dims;
    float *pictures, *scratch;
} augment_job;

static void flip(float *picture, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; ++row) {
        float *line = picture + row * width;
        for (size_t x = 0; x < width / 2; ++x) {
            float keep = line[x];
            line[x] = line[width - 1 - x];
            line[width - 1 - x] = keep;
        }
    }
}

/* Moves the picture by (down, right) pixels, -crop .. crop each; what comes in from outside is 0. */
static void shift(float *picture, float *scratch, const size_t dims[3], long down, long right) {
    long height = (long)dims[1], width = (long)dims[2];
    size_t plane = dims[1] * dims[2];
    memset(scratch, 0, dims[0] * plane * sizeof *scratch);
    long from = right < 0 ? -right : 0, to = right < 0 ? 0 : right;
    long length = width - from - to;
    for (size_t c = 0; c < dims[0] && length > 0; ++c) {
        for (long y = 0; y < height; ++y) {
            long source = y - down;
            if (source >= 0 && source < height) {
                memcpy(scratch + c * plane + (size_t)(y * width + to),
                       picture + c * plane + (size_t)(source * width + from), (size_t)length * sizeof *picture);
            }
        }
    }
    memcpy(picture, scratch, dims[0] * plane * sizeof *picture);
}

/* A square around a random pixel; it may reach over the edge (DeVries and Taylor 2017). */
static void cut(float *picture, const size_t dims[3], size_t side, size_t y, size_t x) {
    size_t half = side / 2;
    size_t top = y > half ? y - half : 0, left = x > half ? x - half : 0;
    size_t bottom = y + side - half < dims[1] ? y + side - half : dims[1];
    size_t right = x + side - half < dims[2] ? x + side - half : dims[2];
    for (size_t c = 0; c < dims[0]; ++c) {
        for (size_t row = top; row < bottom; ++row) {
            memset(picture + (c * dims[1] + row) * dims[2] + left, 0, (right - left) * sizeof *picture);
        }
    }
}

static void augment_part(void *argument, size_t begin, size_t end, unsigned part) {
    const augment_job *job = argument;
    const ht_train_options *recipe = job->recipe;
    const size_t *dims = job->dims;
    size_t elements = dims[0] * dims[1] * dims[2];
    float *scratch = job->scratch + part * elements;
    for (size_t i = begin; i < end; ++i) {
        float *picture = job->pictures + i * elements;
        ht_rng rng = {recipe->seed, ht__stream(HT_STREAM_AUGMENT, job->epoch), (job->first + i) * WORDS_PER_PICTURE};
        if (recipe->flip && (ht__rng_u32(&rng) & 1) != 0) {
            flip(picture, dims[0] * dims[1], dims[2]);
        }
        if (recipe->crop > 0) {
            long down = (long)ht__rng_below(&rng, 2 * recipe->crop + 1) - (long)recipe->crop;
            long right = (long)ht__rng_below(&rng, 2 * recipe->crop + 1) - (long)recipe->crop;
            shift(picture, scratch, dims, down, right);
        }
        if (recipe->cutout > 0) {
            size_t y = (size_t)ht__rng_below(&rng, dims[1]), x = (size_t)ht__rng_below(&rng, dims[2]);
            cut(picture, dims, recipe->cutout, y, x);
        }
    }
}

bool ht__augments(const ht_train_options *recipe) { return recipe->flip || recipe->crop > 0 || recipe->cutout > 0; }

void ht__augment(const ht_train_options *recipe, uint64_t epoch, uint64_t first, size_t count, const size_t dims[3],
                 float *pictures, float *scratch, ht_pool *pool) {
    augment_job job = {recipe, epoch, first, dims, pictures, scratch};
    ht__pool_run(pool, count, 1, augment_part, &job);
}
