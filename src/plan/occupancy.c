#include "plan/occupancy.h"

/* The first and the last step that touch a tensor's memory; first > last: none does. */
typedef struct span {
    size_t first, last;
} span;

static void touch(const ht_program *program, span *spans, uint32_t tensor, size_t step) {
    if (tensor != HT_NO_TENSOR) {
        span *s = &spans[program->tensors[tensor].storage];
        s->first = step < s->first ? step : s->first;
        s->last = step > s->last ? step : s->last;
    }
}

ht_status ht__program_occupancy(const ht_program *program, size_t *live, ht_error *err) {
    span *spans = ht__calloc(program->allocator, program->tensor_count, sizeof *spans);
    if (spans == NULL) {
        return ht__fail_memory(err, program->tensor_count * sizeof *spans);
    }
    for (size_t i = 0; i < program->tensor_count; ++i) {
        spans[i] = (span){SIZE_MAX, 0};
    }
    for (size_t s = 0; s < program->step_count; ++s) {
        const ht_step *step = &program->steps[s];
        live[s] = 0;
        for (uint32_t i = 0; i < step->input_count; ++i) {
            touch(program, spans, step->inputs[i], s);
        }
        for (uint32_t i = 0; i < step->output_count; ++i) {
            touch(program, spans, step->outputs[i], s);
        }
    }
    for (size_t i = 0; i < program->tensor_count; ++i) {
        const ht_program_tensor *tensor = &program->tensors[i];
        size_t bytes;
        if (tensor->storage != i || tensor->slot.kind != HT_SLOT_ARENA || !ht__desc_bytes(&tensor->desc, &bytes)) {
            continue;
        }
        for (size_t s = spans[i].first; s <= spans[i].last && s < program->step_count; ++s) {
            live[s] += bytes;
        }
    }
    ht__free(program->allocator, spans);
    return HT_OK;
}
