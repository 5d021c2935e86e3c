#include "train/schedule.h"

#include <math.h>

#define PI 3.14159265358979323846

/* OneCycle starts at the top rate / 25, rises over 30 % of the steps, and ends at the start / 10^4 (the defaults of
 * PyTorch's scheduler, which the capstone used). */
#define ONECYCLE_START 25.0
#define ONECYCLE_END 1e4
#define ONECYCLE_RISE 0.3

static double constant_rate(const ht_train_options *recipe, double step, double steps, double steps_per_epoch) {
    (void)step;
    (void)steps;
    (void)steps_per_epoch;
    return recipe->learning_rate;
}

static double step_rate(const ht_train_options *recipe, double step, double steps, double steps_per_epoch) {
    (void)steps;
    double epoch = floor(step / steps_per_epoch);
    double each = recipe->step_epochs > 0 ? (double)recipe->step_epochs : 1;
    return recipe->learning_rate * pow(recipe->step_factor, floor(epoch / each));
}

static double cosine_rate(const ht_train_options *recipe, double step, double steps, double steps_per_epoch) {
    (void)steps_per_epoch;
    return recipe->learning_rate * 0.5 * (1 + cos(PI * step / steps));
}

/* From `begin` (share 0) to `end` (share 1) along half a cosine. */
static double cosine_between(double begin, double end, double share) {
    return end + (begin - end) * 0.5 * (1 + cos(PI * share));
}

static double onecycle_rate(const ht_train_options *recipe, double step, double steps, double steps_per_epoch) {
    (void)steps_per_epoch;
    double top = recipe->learning_rate, start = top / ONECYCLE_START, end = start / ONECYCLE_END;
    double peak = ONECYCLE_RISE * steps - 1, last = steps - 1;
    if (step <= peak) {
        return cosine_between(start, top, step / peak);
    }
    return last > peak ? cosine_between(top, end, (step - peak) / (last - peak)) : top;
}

double ht__schedule_rate(const ht_train_options *recipe, uint64_t step, uint64_t steps_per_epoch) {
    typedef double rate_function(const ht_train_options *, double, double, double);
    static rate_function *const rates[] = {[HT_SCHEDULE_CONSTANT] = constant_rate,
                                           [HT_SCHEDULE_STEP] = step_rate,
                                           [HT_SCHEDULE_COSINE] = cosine_rate,
                                           [HT_SCHEDULE_ONECYCLE] = onecycle_rate};
    double steps = (double)recipe->epochs * (double)steps_per_epoch;
    return rates[recipe->schedule](recipe, (double)step, steps, (double)steps_per_epoch);
}
