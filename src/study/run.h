/* Running a study: what is not done yet, on all cores. */
#ifndef HT_STUDY_RUN_H
#define HT_STUDY_RUN_H

#include "study/cell.h"
#include "study/store.h"
#include "study/study.h"

/* Multiply-adds per sample from which on a network's own kernels use all threads; below it threads share out cells. */
#define HT_LARGE_MODEL_MACS 1e6

/* Takes away what the store holds for models whose recipe or file is another now. */
ht_status ht__study_forget_changed(ht_study *study, ht_error *err);
ht_status ht__study_execute(ht_study *study, ht_error *err);
ht_status ht__study_counts(ht_study *study, ht_study_counts *out, ht_error *err);

/* One step of a model or a cell with an open session; writes what comes out to the store. */
ht_status ht__study_prepare_model(ht_study *study, ht_context *ctx, size_t model, ht_error *err);
ht_status ht__study_finish_cell(ht_study *study, ht_cell_session *session, const ht_study_cell *cell, ht_error *err);
/* Records a failure; `cause` says why. */
ht_status ht__study_fail_cell(ht_study *study, const ht_study_cell *cell, const ht_error *cause, ht_error *err);
ht_status ht__study_fail_model(ht_study *study, size_t model, const ht_error *cause, ht_error *err);
/* Whether the store has a finished row for it. */
ht_status ht__study_model_is_done(ht_study *study, size_t model, bool *done, bool *failed, ht_error *err);
ht_status ht__study_cell_is_done(ht_study *study, size_t cell, bool *done, bool *failed, bool *reused, ht_error *err);
/* Seconds on a monotonic clock. */
double ht__study_clock(void);

#endif
