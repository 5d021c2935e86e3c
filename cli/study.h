/* What the files of `halftone study` share. */
#ifndef CLI_STUDY_H
#define CLI_STUDY_H

#include "halftone/study.h"
#include "verbs.h"

typedef struct study_settings {
    const char *what, *folder, *data;                   /* init */
    const char *model;                                  /* show */
    const char *format, *literature, *output, *figures; /* export, report */
    bool dry_run, report;                               /* run */
    bool no_slider;                                     /* report */
} study_settings;

#define AT(member) offsetof(study_settings, member)
/* The row of the option tables that all actions but init begin with. */
#define FOLDER_OPTION                                                                                  \
    {                                                                                                  \
        .name = "FOLDER", .positional = true, .kind = CLI_TEXT, .offset = AT(folder), .fallback = ".", \
        .help = "the study's folder"                                                                   \
    }

/* Opens the study that the settings name; `command` ("run") is recorded in its results. */
ht_status study_open(cli_session *session, const study_settings *settings, const char *command, ht_study **out,
                     ht_error *err);
/* Shows verdict, table and curve on standard output and writes the report's files. */
ht_status study_write_report(cli_session *session, ht_study *study, const study_settings *settings, bool overwrite,
                             ht_error *err);

extern const cli_verb study_list, study_show, study_export, study_report;

#endif
