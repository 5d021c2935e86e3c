/* Delimited text cut into cells, in place. */
#include <string.h>

#include "data/table.h"

typedef struct cutter {
    ht_arena *arena;
    const char *file;
    char *at, *end;
    char separator;
    uint32_t line;
    char **cell;
    size_t cell_count, cell_capacity;
    uint32_t *lines;
    size_t row_count, row_capacity;
    ht_error *err;
} cutter;

static ht_status add_cell(cutter *job, char *text) {
    HT_TRY(ht__grow(ht__arena_allocator(job->arena), &job->cell, sizeof *job->cell, &job->cell_capacity,
                    job->cell_count + 1, job->err));
    job->cell[job->cell_count++] = text;
    return HT_OK;
}

/* A cell in quotes; `at` stands behind the opening one. Leaves `at` behind the closing one. */
static ht_status cut_quoted(cutter *job, char **cell, char **cell_end) {
    uint32_t opened = job->line;
    char *write = job->at;
    *cell = write;
    for (; job->at < job->end; ++job->at) {
        if (*job->at == '"') {
            if (job->at[1] != '"') {
                ++job->at;
                *cell_end = write;
                return HT_OK;
            }
            ++job->at; /* two quotes stand for one */
        }
        job->line += *job->at == '\n';
        *write++ = *job->at;
    }
    return ht__fail_line(job->err, HT_ERROR_FORMAT, job->file, opened,
                         "A quote that opens in this line is not closed.");
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* One cell; *last is set when the line (or the file) ends behind it. */
static ht_status cut_cell(cutter *job, bool *last) {
    while (job->at < job->end && is_blank(*job->at) && *job->at != job->separator) {
        ++job->at;
    }
    char *cell = job->at, *cell_end = job->at;
    bool quoted = job->at < job->end && *job->at == '"';
    if (quoted) {
        ++job->at;
        HT_TRY(cut_quoted(job, &cell, &cell_end));
    }
    while (job->at < job->end && *job->at != job->separator && *job->at != '\n') {
        if (!is_blank(*job->at) && *job->at != '\r') {
            if (quoted) {
                return ht__fail_line(job->err, HT_ERROR_FORMAT, job->file, job->line, "Text follows a closing quote.");
            }
            cell_end = job->at + 1;
        }
        ++job->at;
    }
    *last = job->at == job->end || *job->at == '\n';
    job->line += job->at < job->end && *job->at == '\n';
    job->at += job->at < job->end;
    *cell_end = '\0'; /* at most the byte that was just passed, or the NUL behind the text */
    return add_cell(job, cell);
}

static bool at_blank_line(cutter *job) {
    char *c = job->at;
    while (c < job->end && (*c == ' ' || *c == '\r')) {
        ++c;
    }
    if (c < job->end && *c != '\n') {
        return false;
    }
    job->line += c < job->end;
    job->at = c + (c < job->end);
    return true;
}

static ht_status cut_rows(cutter *job, size_t *columns) {
    *columns = 0;
    while (job->at < job->end) {
        if (at_blank_line(job)) {
            continue;
        }
        uint32_t line = job->line;
        size_t before = job->cell_count;
        for (bool last = false; !last;) {
            HT_TRY(cut_cell(job, &last));
            if (job->cell_count - before > HT__TABLE_MAX_COLUMNS) {
                return ht__fail_line(job->err, HT_ERROR_LIMIT, job->file, line, "The row has more than %u cells.",
                                     HT__TABLE_MAX_COLUMNS);
            }
        }
        size_t found = job->cell_count - before;
        if (job->row_count != 0 && found != *columns) {
            return ht__fail_line(job->err, HT_ERROR_FORMAT, job->file, line,
                                 "The row has %zu cells; the rows before it have %zu.", found, *columns);
        }
        *columns = found;
        if (job->row_count >= HT__TABLE_MAX_ROWS) {
            return ht__fail_line(job->err, HT_ERROR_LIMIT, job->file, line, "There are more than %u rows.",
                                 HT__TABLE_MAX_ROWS);
        }
        HT_TRY(ht__grow(ht__arena_allocator(job->arena), &job->lines, sizeof *job->lines, &job->row_capacity,
                        job->row_count + 1, job->err));
        job->lines[job->row_count++] = line;
    }
    return HT_OK;
}

ht_status ht__cells_cut(ht_arena *arena, const char *file, char *text, size_t size, char separator, uint32_t first_line,
                        ht__cells *out, ht_error *err) {
    *out = (ht__cells){0};
    cutter job = {.arena = arena,
                  .file = file,
                  .at = text,
                  .end = text + size,
                  .separator = separator,
                  .line = first_line,
                  .err = err};
    char *nul = memchr(text, '\0', size);
    if (nul != NULL) {
        uint32_t line = first_line;
        for (char *c = text; c < nul; ++c) {
            line += *c == '\n';
        }
        return ht__fail_line(err, HT_ERROR_FORMAT, file, line, "A zero byte stands here: this is not a text file.");
    }
    size_t columns;
    ht_status status = cut_rows(&job, &columns);
    if (status == HT_OK) {
        out->rows = job.row_count;
        out->columns = columns;
        out->cell = ht__arena_copy(arena, job.cell, job.cell_count * sizeof *job.cell);
        out->lines = ht__arena_copy(arena, job.lines, job.row_count * sizeof *job.lines);
        if (out->cell == NULL || out->lines == NULL) {
            status = ht__fail_memory(err, job.cell_count * sizeof *job.cell);
        }
    }
    ht__free(ht__arena_allocator(arena), job.cell);
    ht__free(ht__arena_allocator(arena), job.lines);
    return status;
}
