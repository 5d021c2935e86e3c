#include "run/program.h"

#include <string.h>

size_t ht__program_run_bytes(const ht_program *program) { return program->arena_bytes; }

int ht__program_find_output(const ht_program *program, const char *name) {
    for (size_t i = 0; i < program->output_count; ++i) {
        if (strcmp(program->tensors[program->outputs[i]].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* Where a tensor is in this run. Outputs are written through, everything else is only read by those who did not make
 * it. */
static void *locate(const ht_program_tensor *tensor, const ht_run_arguments *arguments) {
    union {
        const void *read;
        void *write;
    } pointer = {NULL};
    switch (tensor->slot.kind) {
    case HT_SLOT_ABSENT: break;
    case HT_SLOT_ARENA: pointer.write = (char *)arguments->arena + tensor->slot.offset; break;
    case HT_SLOT_CONSTANT: pointer.read = tensor->slot.constant; break;
    case HT_SLOT_INPUT: pointer.read = arguments->inputs[tensor->slot.offset]; break;
    case HT_SLOT_OUTPUT: pointer.write = arguments->outputs[tensor->slot.offset]; break;
    }
    return pointer.write;
}

static void observe(const ht_program *program, const ht_run_arguments *arguments, uint32_t index) {
    const ht_program_tensor *tensor = &program->tensors[index];
    arguments->observer(arguments->observer_user, program, tensor, locate(tensor, arguments));
}

static void reset_states(const ht_program *program, const ht_run_arguments *arguments) {
    for (size_t i = 0; i < program->state_count; ++i) {
        const ht_program_tensor *tensor = &program->tensors[program->states[i]];
        size_t bytes;
        if (ht__desc_bytes(&tensor->desc, &bytes)) {
            memset(locate(tensor, arguments), 0, bytes);
        }
    }
}

ht_status ht__program_run(const ht_program *program, const ht_run_arguments *arguments, ht_error *err) {
    if (!arguments->keep_states) {
        reset_states(program, arguments);
    }
    for (size_t i = 0; arguments->observer != NULL && i < program->input_count; ++i) {
        observe(program, arguments, program->inputs[i]);
    }
    for (size_t s = 0; s < program->step_count; ++s) {
        const ht_step *step = &program->steps[s];
        const void *inputs[HT_MAX_INPUTS];
        void *outputs[HT_MAX_OUTPUTS];
        for (uint32_t i = 0; i < step->input_count; ++i) {
            inputs[i] = step->inputs[i] != HT_NO_TENSOR ? locate(&program->tensors[step->inputs[i]], arguments) : NULL;
        }
        for (uint32_t i = 0; i < step->output_count; ++i) {
            outputs[i] =
                step->outputs[i] != HT_NO_TENSOR ? locate(&program->tensors[step->outputs[i]], arguments) : NULL;
        }
        void *scratch = (char *)arguments->arena + step->scratch_at;
        ht_status status = step->variant->run(&step->state, inputs, outputs, scratch, arguments->pool);
        if (status != HT_OK) {
            return ht__fail_at(err, status, step->name, "The step failed in the kernel %s: %s.", step->variant->name,
                               ht_status_text(status));
        }
        for (uint32_t i = 0; arguments->observer != NULL && i < step->output_count; ++i) {
            if (step->outputs[i] != HT_NO_TENSOR) {
                observe(program, arguments, step->outputs[i]);
            }
        }
    }
    return HT_OK;
}

void ht__program_destroy(ht_program *program) {
    if (program == NULL) {
        return;
    }
    for (size_t i = 0; i < program->step_count; ++i) {
        ht_step *step = &program->steps[i];
        if (step->variant != NULL) {
            ht__kernel_release(step->variant, &step->state, program->allocator);
        }
    }
    ht__free(program->allocator, program->steps);
    ht__free(program->allocator, program->calls);
    ht__free(program->allocator, program->tensors);
    ht__arena_destroy(program->memory); /* the program itself lies in it */
}
