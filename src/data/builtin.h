/* Text files of share/ that are compiled into the library, so that it works without being installed. */
#ifndef HT_DATA_BUILTIN_H
#define HT_DATA_BUILTIN_H

typedef struct ht_builtin_file {
    const char *name; /* without folder and ending: "telescope" */
    const char *text;
} ht_builtin_file;

/* share/datasets/<name>.yaml, sorted by name; ends with a name of NULL. Made by the build. */
extern const ht_builtin_file ht__builtin_datasets[];

#endif
