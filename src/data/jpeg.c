/* JPEG through libjpeg-turbo's libjpeg interface. The library reports errors by calling error_exit, which must not
 * return: we jump out of it. */
#ifdef HT_WITH_JPEG
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "data/picture.h"

/* A progressive file may hold any number of scans over the whole picture, each costing time and hardly a byte. */
#define MAX_SCANS 200

typedef struct jpeg_job {
    struct jpeg_decompress_struct decoder;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    const char *name;
    size_t size;
    ht__picture *out;
    ht_error *err;
    ht_status status;
} jpeg_job;

static int64_t position(const jpeg_job *job) {
    return job->decoder.src != NULL ? (int64_t)(job->size - job->decoder.src->bytes_in_buffer) : 0;
}

static void on_error(j_common_ptr decoder) {
    jpeg_job *job = decoder->client_data;
    char text[JMSG_LENGTH_MAX];
    decoder->err->format_message(decoder, text);
    job->status =
        ht__fail_offset(job->err, HT_ERROR_FORMAT, job->name, position(job), "The JPEG is damaged: %s.", text);
    longjmp(job->escape, 1);
}

/* Warnings come where libjpeg can go on; where it would invent pixels, that is damage. */
static void on_message(j_common_ptr decoder, int level) {
    int code = decoder->err->msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE)) {
        on_error(decoder);
    }
}

static void on_progress(j_common_ptr decoder) {
    if (((j_decompress_ptr)decoder)->input_scan_number > MAX_SCANS) {
        jpeg_job *job = decoder->client_data;
        job->status = ht__fail_offset(job->err, HT_ERROR_LIMIT, job->name, position(job),
                                      "The JPEG has more than %d scans.", MAX_SCANS);
        longjmp(job->escape, 1);
    }
}

static void stay_silent(j_common_ptr decoder) { (void)decoder; }

static void start(jpeg_job *job, const uint8_t *data, size_t channels) {
    struct jpeg_decompress_struct *decoder = &job->decoder;
    jpeg_mem_src(decoder, data, (unsigned long)job->size);
    jpeg_read_header(decoder, TRUE);
    bool grey = channels == 1 || (channels == 0 && decoder->num_components == 1);
    if (decoder->jpeg_color_space == JCS_CMYK || decoder->jpeg_color_space == JCS_YCCK) {
        job->status = ht__fail_at(job->err, HT_ERROR_UNSUPPORTED, job->name, "CMYK JPEG files are not read.");
        longjmp(job->escape, 1);
    }
    if (decoder->jpeg_color_space == JCS_RGB && grey) {
        grey = false; /* libjpeg converts luminance only from YCbCr; done below */
    }
    decoder->out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    decoder->dct_method = JDCT_ISLOW;
    job->status = ht__picture_shape(job->out, grey ? 1 : 3, decoder->image_height, decoder->image_width, job->err);
    if (job->status != HT_OK) {
        longjmp(job->escape, 1);
    }
    jpeg_start_decompress(decoder);
}

static void read_rows(jpeg_job *job) {
    struct jpeg_decompress_struct *decoder = &job->decoder;
    size_t width = decoder->output_width, channels = job->out->channels;
    JSAMPARRAY row = decoder->mem->alloc_sarray((j_common_ptr)decoder, JPOOL_IMAGE, (JDIMENSION)(width * channels), 1);
    while (decoder->output_scanline < decoder->output_height) {
        size_t y = decoder->output_scanline;
        jpeg_read_scanlines(decoder, row, 1);
        for (size_t c = 0; c < channels; ++c) {
            uint8_t *plane = ht__picture_plane(job->out, c) + y * width;
            for (size_t x = 0; x < width; ++x) {
                plane[x] = row[0][x * channels + c];
            }
        }
    }
    jpeg_finish_decompress(decoder);
}

/* Luminance of ITU-R BT.601 in 16-bit fixed point, as JPEG defines Y. */
static void make_grey(ht__picture *picture) {
    size_t plane = picture->height * picture->width;
    uint8_t *r = picture->pixels;
    const uint8_t *g = r + plane, *b = g + plane;
    for (size_t i = 0; i < plane; ++i) {
        r[i] = (uint8_t)((19595u * r[i] + 38470u * g[i] + 7471u * b[i] + 32768u) >> 16);
    }
    picture->channels = 1;
}

ht_status ht__jpeg_decode(const char *name, const uint8_t *data, size_t size, size_t channels, ht__picture *out,
                          ht_error *err) {
    jpeg_job job = {.name = name, .size = size, .out = out, .err = err, .status = HT_OK};
    job.decoder.err = jpeg_std_error(&job.errors);
    job.errors.error_exit = on_error;
    job.errors.emit_message = on_message;
    job.errors.output_message = stay_silent;
    if (setjmp(job.escape) == 0) {
        job.decoder.client_data = &job;
        jpeg_create_decompress(&job.decoder);
        job.decoder.client_data = &job;
        job.progress.progress_monitor = on_progress;
        job.decoder.progress = &job.progress;
        start(&job, data, channels);
        read_rows(&job);
        if (channels == 1 && out->channels == 3) {
            make_grey(out);
        }
    }
    jpeg_destroy_decompress(&job.decoder);
    return job.status;
}
#else
typedef int ht__nothing_here; /* C wants one declaration per file */
#endif
