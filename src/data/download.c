/* Downloads with libcurl: resumed, verified, renamed when right. */
#include "data/fetch.h"

#ifdef HT_WITH_CURL

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define TRIES 5
#define MAX_BYTES ((curl_off_t)64 << 30)

/* curl wants one process-wide set-up before any use. */
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static void set_up_curl(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

typedef struct transfer {
    ht_context *ctx;
    const char *url;
    FILE *file;
    curl_off_t begin; /* bytes that were there before */
    bool full;        /* the disk took less than it was given */
} transfer;

static size_t on_data(char *bytes, size_t size, size_t count, void *user) {
    transfer *job = user;
    size_t written = fwrite(bytes, size, count, job->file);
    job->full |= written != count;
    return written * size;
}

static int on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now) {
    (void)up_total, (void)up_now;
    transfer *job = user;
    const char *slash = strrchr(job->url, '/');
    ht__progress(job->ctx, "downloading", (double)(job->begin + now), total > 0 ? (double)(job->begin + total) : 0,
                 "%s", slash != NULL ? slash + 1 : job->url);
    return ht__check_interrupt(job->ctx, NULL) != HT_OK;
}

static void configure(CURL *curl, transfer *job, char *reason) {
    curl_easy_setopt(curl, CURLOPT_URL, job->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 30L);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, MAX_BYTES);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, job->begin);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "halftone");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, job);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, job);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
}

static curl_off_t size_of(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? (curl_off_t)info.st_size : 0;
}

/* One connection. *again: broken in a way that another try may mend; *restart: what is there cannot be continued. */
static ht_status connect_once(ht_context *ctx, const char *url, const char *part, bool *again, bool *restart,
                              ht_error *err) {
    transfer job = {.ctx = ctx, .url = url, .begin = size_of(part)};
    char reason[CURL_ERROR_SIZE] = "";
    *again = *restart = false;
    job.file = fopen(part, "abe");
    if (job.file == NULL) {
        return ht__fail_at(err, HT_ERROR_IO, part, "The file cannot be written: %s.", strerror(errno));
    }
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        fclose(job.file);
        return ht__fail_memory(err, 1);
    }
    configure(curl, &job, reason);
    CURLcode code = curl_easy_perform(curl);
    long answer = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    curl_easy_cleanup(curl);
    bool flushed = fclose(job.file) == 0;
    if (code == CURLE_OK && flushed) {
        return HT_OK;
    }
    if (job.full || !flushed) {
        return ht__fail_at(err, HT_ERROR_IO, part, "The file could not be written; is the disk full?");
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return ht__fail_at(err, HT_ERROR_INTERRUPTED, url, "Interrupted; the next fetch goes on from here.");
    }
    /* 416: the server has no bytes behind what is there; range error: it cannot continue files at all. */
    *restart = job.begin > 0 && (code == CURLE_RANGE_ERROR || answer == 416);
    *again = code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
             code == CURLE_OPERATION_TIMEDOUT || answer >= 500;
    return ht__fail_at(err, HT_ERROR_NETWORK, url, "The download failed: %s.",
                       reason[0] != '\0' ? reason : curl_easy_strerror(code));
}

static ht_status transfer_all(ht_context *ctx, const char *url, const char *part, ht_error *err) {
    ht_status status = HT_OK;
    for (int attempt = 0; attempt < TRIES; ++attempt) {
        bool again, restart;
        curl_off_t before = size_of(part);
        status = connect_once(ctx, url, part, &again, &restart, err);
        if (restart) {
            unlink(part);
        } else if (status == HT_OK || !again) {
            return status;
        } else if (size_of(part) == before && attempt > 0) {
            sleep(1); /* nothing came: give the server a moment */
        }
    }
    return status;
}

ht_status ht__download(ht_context *ctx, const char *url, const char *path, const ht__digest *digest, ht_error *err) {
    pthread_once(&curl_once, set_up_curl);
    char part[4096], found[65];
    if ((size_t)snprintf(part, sizeof part, "%s.part", path) >= sizeof part) {
        return ht__fail_at(err, HT_ERROR_LIMIT, path, "The path is too long.");
    }
    bool continued = size_of(part) > 0, right = false;
    if (continued) { /* a download that was complete but not yet renamed */
        HT_TRY(ht__digest_check(part, digest, &right, found, err));
    }
    for (int round = 0; !right && round < 2; ++round) {
        HT_TRY(transfer_all(ctx, url, part, err));
        HT_TRY(ht__digest_check(part, digest, &right, found, err));
        if (!right) {
            unlink(part);
            if (!continued) {
                break;
            }
            continued = false; /* the old part may have been another file's: once more from the start */
        }
    }
    if (!right) {
        return ht__fail_at(
            err, HT_ERROR_MISMATCH, url,
            "The downloaded file is not the expected one (%s %.16s..., expected %.16s...); it was removed.",
            digest->algorithm, found, digest->hex);
    }
    if (rename(part, path) != 0) {
        return ht__fail_at(err, HT_ERROR_IO, path, "The file cannot be renamed: %s.", strerror(errno));
    }
    return HT_OK;
}

#else

ht_status ht__download(ht_context *ctx, const char *url, const char *path, const ht__digest *digest, ht_error *err) {
    (void)ctx, (void)path, (void)digest;
    return ht__fail_at(err, HT_ERROR_UNSUPPORTED, url, "This build downloads nothing: it was made without libcurl.");
}

#endif
