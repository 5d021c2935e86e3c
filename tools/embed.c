/* Compiles files into C, for the build:
 *
 *   embed bytes NAME FILE OUT      const char NAME[] (a NUL follows the bytes) and const size_t NAME_size (without it)
 *   embed table NAME OUT FILE...   const ht_builtin_file NAME[]: {name without folder and ending, text}, sorted by
 * name, ended by NULL
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stop(const char *path) {
    fprintf(stderr, "embed: %s: %s\n", path, strerror(errno));
    exit(1);
}

static FILE *open_or_stop(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        stop(path);
    }
    return file;
}

/* Writes the bytes of `path` as an initialiser, with a NUL behind them; returns their number. As numbers, because C
 * promises string literals of 4095 characters only. */
static size_t write_bytes(FILE *out, const char *path) {
    FILE *in = open_or_stop(path, "rb");
    size_t size = 0;
    fputc('{', out);
    for (int byte = fgetc(in); byte != EOF; byte = fgetc(in), ++size) {
        fprintf(out, "%d,%s", byte < 128 ? byte : byte - 256, size % 32 == 31 ? "\n" : "");
    }
    fputs("0}", out);
    if (ferror(in)) {
        stop(path);
    }
    fclose(in);
    return size;
}

static void write_array(const char *name, const char *in, const char *path) {
    FILE *out = open_or_stop(path, "w");
    fprintf(out,
            "#include <stddef.h>\n\nextern const char %s[];\nextern const size_t %s_size;\nconst char %s[] = ", name,
            name, name);
    size_t size = write_bytes(out, in);
    fprintf(out, ";\nconst size_t %s_size = %zu;\n", name, size);
    if (fclose(out) != 0) {
        stop(path);
    }
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int by_base_name(const void *a, const void *b) {
    return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

static void write_table(const char *name, const char *path, char **files, size_t count) {
    FILE *out = open_or_stop(path, "w");
    qsort(files, count, sizeof *files, by_base_name);
    fputs("#include <stddef.h>\n\n#include \"data/builtin.h\"\n\n", out);
    for (size_t i = 0; i < count; ++i) {
        fprintf(out, "static const char text_%zu[] = ", i);
        write_bytes(out, files[i]);
        fputs(";\n", out);
    }
    fprintf(out, "\nconst ht_builtin_file %s[] = {\n", name);
    for (size_t i = 0; i < count; ++i) {
        const char *base = base_name(files[i]);
        fprintf(out, "    {\"%.*s\", text_%zu},\n", (int)strcspn(base, "."), base, i);
    }
    fputs("    {NULL, NULL},\n};\n", out);
    if (fclose(out) != 0) {
        stop(path);
    }
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "bytes") == 0) {
        write_array(argv[2], argv[3], argv[4]);
    } else if (argc >= 4 && strcmp(argv[1], "table") == 0) {
        write_table(argv[2], argv[3], argv + 4, (size_t)argc - 4);
    } else {
        fputs("usage: embed bytes NAME FILE OUT | embed table NAME OUT FILE...\n", stderr);
        return 2;
    }
    return 0;
}
