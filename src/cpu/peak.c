#include "cpu/peak.h"

#include <time.h>

#include "cpu/features.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define CHAINS 12 /* independent sums: enough to hide the latency of a multiply-add */
#define ROUNDS 400000
#define REPEATS 20

double ht__cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Each returns something that depends on every sum, so that none can be left out; *operations counts two per lane. */

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static float spin_avx512(double *operations) {
    __m512 sums[CHAINS], factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
    for (int c = 0; c < CHAINS; ++c) {
        sums[c] = _mm512_set1_ps((float)c);
    }
    for (int i = 0; i < ROUNDS; ++i) {
        for (int c = 0; c < CHAINS; ++c) {
            sums[c] = _mm512_fmadd_ps(sums[c], factor, term);
        }
    }
    for (int c = 1; c < CHAINS; ++c) {
        sums[0] = _mm512_add_ps(sums[0], sums[c]);
    }
    *operations = 2.0 * 16.0 * CHAINS * ROUNDS;
    return _mm512_cvtss_f32(sums[0]);
}

__attribute__((target("avx2,fma"))) static float spin_avx2(double *operations) {
    __m256 sums[CHAINS], factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.001f);
    for (int c = 0; c < CHAINS; ++c) {
        sums[c] = _mm256_set1_ps((float)c);
    }
    for (int i = 0; i < ROUNDS; ++i) {
        for (int c = 0; c < CHAINS; ++c) {
            sums[c] = _mm256_fmadd_ps(sums[c], factor, term);
        }
    }
    for (int c = 1; c < CHAINS; ++c) {
        sums[0] = _mm256_add_ps(sums[0], sums[c]);
    }
    *operations = 2.0 * 8.0 * CHAINS * ROUNDS;
    return _mm256_cvtss_f32(sums[0]);
}
#endif

/* Multiply and add in the compiler's vectors, for other processors. */
static float spin_portable(double *operations) {
    typedef float lanes __attribute__((vector_size(16)));
    lanes sums[CHAINS];
    for (int c = 0; c < CHAINS; ++c) {
        sums[c] = (lanes){(float)c, 1.0f, 2.0f, 3.0f};
    }
    for (int i = 0; i < ROUNDS; ++i) {
        for (int c = 0; c < CHAINS; ++c) {
            sums[c] = sums[c] * 0.999f + 0.001f;
        }
    }
    for (int c = 1; c < CHAINS; ++c) {
        sums[0] += sums[c];
    }
    *operations = 2.0 * 4.0 * CHAINS * ROUNDS;
    return sums[0][0];
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vnni"))) static float spin_avx512vnni(double *operations) {
    __m512i sums[CHAINS], one = _mm512_set1_epi8(1);
    for (int c = 0; c < CHAINS; ++c) {
        sums[c] = _mm512_set1_epi32(c);
    }
    for (int i = 0; i < ROUNDS; ++i) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; ++c) {
            sums[c] = _mm512_dpbusd_epi32(sums[c], one, one);
        }
    }
    for (int c = 1; c < CHAINS; ++c) {
        sums[0] = _mm512_add_epi32(sums[0], sums[c]);
    }
    *operations = 2.0 * 64.0 * CHAINS * ROUNDS;
    return (float)_mm512_reduce_add_epi32(sums[0]);
}

__attribute__((target("avx2"))) static float add_chains(const __m256i sums[CHAINS]) {
    __m256i total = sums[0];
    for (int c = 1; c < CHAINS; ++c) {
        total = _mm256_add_epi32(total, sums[c]);
    }
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
    return (float)_mm_extract_epi32(_mm_hadd_epi32(half, half), 0);
}

__attribute__((target("avx2,avxvnni"))) static float spin_avxvnni(double *operations) {
    __m256i sums[CHAINS], one = _mm256_set1_epi8(1);
    for (int c = 0; c < CHAINS; ++c) {
        sums[c] = _mm256_set1_epi32(c);
    }
    for (int i = 0; i < ROUNDS; ++i) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; ++c) {
            sums[c] = _mm256_dpbusd_avx_epi32(sums[c], one, one);
        }
    }
    *operations = 2.0 * 32.0 * CHAINS * ROUNDS;
    return add_chains(sums);
}

/* Pairs of products in 16 bits, then of pairs in 32. */
__attribute__((target("avx2"))) static float spin_bytes_avx2(double *operations) {
    __m256i sums[CHAINS], one = _mm256_set1_epi16(1), ones = _mm256_set1_epi8(1);
    for (int c = 0; c < CHAINS; ++c) {
        sums[c] = _mm256_set1_epi32(c);
    }
    for (int i = 0; i < ROUNDS; ++i) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; ++c) {
            __m256i pairs = _mm256_maddubs_epi16(sums[c], ones);
            sums[c] = _mm256_add_epi32(sums[c], _mm256_madd_epi16(pairs, one));
        }
    }
    *operations = 2.0 * 32.0 * CHAINS * ROUNDS;
    return add_chains(sums);
}
#endif

#if defined(__x86_64__)
/* Four tile registers of sums: 16 x 16, each the product of 64 bytes. */
__attribute__((target("amx-tile,amx-int8"))) static float spin_amx(double *operations) {
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } shapes = {.palette = 1};
    for (int i = 0; i < 8; ++i) {
        shapes.row_bytes[i] = 64;
        shapes.rows[i] = 16;
    }
    __asm__ volatile("" : : "r"(&shapes) : "memory"); /* GCC's own says that it reads 8 of the 64 bytes */
    _tile_loadconfig(&shapes);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(6);
    for (int i = 0; i < ROUNDS / 4; ++i) {
        _tile_dpbusd(0, 4, 6);
        _tile_dpbusd(1, 4, 6);
        _tile_dpbusd(2, 4, 6);
        _tile_dpbusd(3, 4, 6);
    }
    int32_t sums[16][16];
    _tile_stored(0, sums, 64);
    _tile_release();
    *operations = 2.0 * 16.0 * 16.0 * 64.0 * (ROUNDS / 4) * 4.0;
    return (float)sums[0][0];
}
#endif

#if defined(__aarch64__)
static float add_chains(const int32x4_t sums[CHAINS]) {
    int32x4_t total = sums[0];
    for (int c = 1; c < CHAINS; ++c) {
        total = vaddq_s32(total, sums[c]);
    }
    return (float)vaddvq_s32(total);
}

__attribute__((target("arch=armv8.2-a+dotprod"))) static float spin_dotprod(double *operations) {
    int32x4_t sums[CHAINS];
    int8x16_t one = vdupq_n_s8(1);
    for (int c = 0; c < CHAINS; ++c) {
        sums[c] = vdupq_n_s32(c);
    }
    for (int i = 0; i < ROUNDS; ++i) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; ++c) {
            sums[c] = vdotq_s32(sums[c], one, one);
        }
    }
    *operations = 2.0 * 16.0 * CHAINS * ROUNDS;
    return add_chains(sums);
}

__attribute__((target("arch=armv8.2-a+i8mm"))) static float spin_i8mm(double *operations) {
    int32x4_t sums[CHAINS];
    int8x16_t one = vdupq_n_s8(1);
    for (int c = 0; c < CHAINS; ++c) {
        sums[c] = vdupq_n_s32(c);
    }
    for (int i = 0; i < ROUNDS; ++i) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; ++c) {
            sums[c] = vmmlaq_s32(sums[c], one, one);
        }
    }
    *operations = 2.0 * 32.0 * CHAINS * ROUNDS;
    return add_chains(sums);
}
#endif

/* Products of bytes without an instruction for them: eight multiplications of i16, summed in pairs, per vector. */
static float spin_bytes_portable(double *operations) {
    typedef int16_t lanes __attribute__((vector_size(16)));
    lanes sums[CHAINS];
    for (int c = 0; c < CHAINS; ++c) {
        sums[c] = (lanes){(int16_t)c, 1, 2, 3};
    }
    for (int i = 0; i < ROUNDS; ++i) {
        for (int c = 0; c < CHAINS; ++c) {
            sums[c] = sums[c] * 3 + 1;
        }
    }
    for (int c = 1; c < CHAINS; ++c) {
        sums[0] += sums[c];
    }
    *operations = 2.0 * 8.0 * CHAINS * ROUNDS;
    return (float)sums[0][0];
}

/* What each needs of the processor; best first. */
typedef struct spinner {
    uint32_t needs;
    float (*spin)(double *operations);
} spinner;

static const spinner f32_spinners[] = {
#if defined(__x86_64__)
    {HT_CPU_BIT(HT_CPU_AVX512), spin_avx512},
    {HT_CPU_BIT(HT_CPU_FMA), spin_avx2},
#endif
    {0, spin_portable},
};

static const spinner byte_spinners[] = {
#if defined(__x86_64__)
    {HT_CPU_BIT(HT_CPU_AMX_INT8), spin_amx},
    {HT_CPU_BIT(HT_CPU_AVX512_VNNI), spin_avx512vnni},
    {HT_CPU_BIT(HT_CPU_AVX_VNNI), spin_avxvnni},
    {HT_CPU_BIT(HT_CPU_AVX2), spin_bytes_avx2},
#elif defined(__aarch64__)
    {HT_CPU_BIT(HT_CPU_I8MM), spin_i8mm},
    {HT_CPU_BIT(HT_CPU_DOTPROD), spin_dotprod},
#endif
    {0, spin_bytes_portable},
};

typedef struct peak_job {
    const spinner *spinner;
    double operations[256];
    volatile float sink[256];
} peak_job;

static void spin(void *argument, size_t begin, size_t end, unsigned part) {
    (void)begin;
    (void)end;
    peak_job *job = argument;
    job->sink[part] = job->spinner->spin(&job->operations[part]);
}

/* With the first of `spinners` for which the features suffice. */
static double peak_of(const spinner *spinners, uint32_t mask, ht_pool *pool) {
    while ((mask & spinners->needs) != spinners->needs) {
        ++spinners;
    }
    peak_job job = {.spinner = spinners};
    unsigned threads = ht__pool_threads(pool);
    double best = 0.0;
    for (int i = 0; i < REPEATS; ++i) {
        double start = ht__cpu_seconds(), total = 0.0;
        ht__pool_run(pool, threads, 1, spin, &job);
        double seconds = ht__cpu_seconds() - start;
        for (unsigned t = 0; t < threads; ++t) {
            total += job.operations[t];
        }
        best = total / seconds > best ? total / seconds : best;
    }
    return best;
}

double ht__cpu_peak_f32(uint32_t mask, ht_pool *pool) { return peak_of(f32_spinners, mask, pool); }

double ht__cpu_peak_int8(uint32_t mask, ht_pool *pool) { return peak_of(byte_spinners, mask, pool); }
