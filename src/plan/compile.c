/* Graph to flat program, in three walks over the nodes:
 *   1. emit: each node becomes a step (or an alias); operands get the layout that the operator wants, through steps of
 *      their own where they do not have it yet;
 *   2. choose and prepare: each step's kernel;
 *   3. place: lifetimes and arena offsets.
 */
#include "plan/compile.h"

#include <string.h>

#include "cpu/features.h"
#include "graph/op.h"
#include "kernels/move/move.h"
#include "plan/host.h"
#include "plan/memory.h"
#ifdef HT_WITH_ONEDNN
#include "kernels/onednn/onednn.h"
#endif

/* A value in one layout; both layouts of a value may exist side by side. */
typedef struct version {
    uint32_t tensor; /* index into the program's tensors, HT_NO_TENSOR: not there */
} version;

typedef struct compiler {
    ht_graph *graph;
    ht_compile_options options;
    const ht_allocator *allocator;
    ht_kernel_env env;
    ht_program *program;
    version (*versions)[2]; /* by value id and layout */
    uint32_t *alias;        /* by tensor: the tensor whose memory it shares, itself when its own */
    ht_kernel_call *calls;  /* by step */
    size_t tensor_capacity, step_capacity, alias_capacity, call_capacity;
    ht_error *err;
} compiler;

/* Do the two layouts of this tensor order the bytes in the same way? */
static bool layouts_coincide(const ht_tensor_desc *desc) {
    if (desc->rank < 3 || desc->dims[1] == 1) {
        return true;
    }
    for (int32_t i = 2; i < desc->rank; ++i) {
        if (desc->dims[i] != 1) {
            return false;
        }
    }
    return true;
}

static ht_status new_tensor(compiler *c, const ht_value *value, ht_layout layout, ht_slot slot, uint32_t *out) {
    ht_program *program = c->program;
    HT_TRY(ht__grow(c->allocator, &program->tensors, sizeof *program->tensors, &c->tensor_capacity,
                    program->tensor_count + 1, c->err));
    HT_TRY(ht__grow(c->allocator, &c->alias, sizeof *c->alias, &c->alias_capacity, program->tensor_count + 1, c->err));
    char *name = ht__arena_strdup(program->memory, value->name);
    size_t bytes;
    if (name == NULL) {
        return ht__fail_memory(c->err, strlen(value->name) + 1);
    }
    if (value->desc.rank < 0 || !ht__desc_bytes(&value->desc, &bytes)) {
        return ht__fail_at(c->err, HT_ERROR_MISMATCH, value->name,
                           "The shape of this tensor is not known; a fixed input size may be needed.");
    }
    uint32_t index = (uint32_t)program->tensor_count++;
    program->tensors[index] =
        (ht_program_tensor){.name = name, .desc = value->desc, .slot = slot, .value_id = value->id};
    program->tensors[index].desc.layout = layout;
    c->alias[index] = index;
    c->versions[value->id][layout].tensor = index;
    *out = index;
    return HT_OK;
}

static ht_status new_step(compiler *c, const char *name, const ht_kernel_call *call, const uint32_t *inputs,
                          const uint32_t *outputs, int64_t macs) {
    ht_program *program = c->program;
    HT_TRY(ht__grow(c->allocator, &program->steps, sizeof *program->steps, &c->step_capacity, program->step_count + 1,
                    c->err));
    HT_TRY(ht__grow(c->allocator, &c->calls, sizeof *c->calls, &c->call_capacity, program->step_count + 1, c->err));
    ht_step *step = &program->steps[program->step_count];
    memset(step, 0, sizeof *step);
    c->calls[program->step_count] = *call;
    step->name = ht__arena_strdup(program->memory, name);
    if (step->name == NULL) {
        return ht__fail_memory(c->err, strlen(name) + 1);
    }
    step->input_count = call->input_count;
    step->output_count = call->output_count;
    step->macs = macs;
    memcpy(step->inputs, inputs, call->input_count * sizeof *inputs);
    memcpy(step->outputs, outputs, call->output_count * sizeof *outputs);
    ++program->step_count;
    return HT_OK;
}

static const ht_slot arena_slot = {.kind = HT_SLOT_ARENA};

/* ---- operands ---- */

static void fill_operand(const compiler *c, ht_kernel_call *call, uint32_t i, uint32_t tensor) {
    const ht_program_tensor *t = &c->program->tensors[tensor];
    call->inputs[i] = t->desc;
    bool replaceable = c->options.mutable_weights && t->desc.type == HT_F32 && ht__desc_elements(&t->desc) > 1;
    call->constants[i] = t->slot.kind == HT_SLOT_CONSTANT && !replaceable ? t->slot.constant : NULL;
}

/* Where a value that a step writes in `layout` lives: in the caller's buffer when it is a graph output in the plain
 * layout (the first time it is listed), else in the arena. */
static ht_slot output_slot(const compiler *c, const ht_value *value, ht_layout layout) {
    if (layout == HT_LAYOUT_PLAIN || layouts_coincide(&value->desc)) {
        for (size_t i = 0; i < c->graph->output_count; ++i) {
            if (c->graph->outputs[i] == value) {
                return (ht_slot){HT_SLOT_OUTPUT, i, NULL};
            }
        }
    }
    return arena_slot;
}

static ht_layout other_layout(ht_layout layout) {
    return layout == HT_LAYOUT_PLAIN ? HT_LAYOUT_CHANNELS_LAST : HT_LAYOUT_PLAIN;
}

/* The tensor of `value` in `layout`, made by a step from the other layout when it is not there yet. */
static ht_status tensor_in_layout(compiler *c, const ht_value *value, ht_layout layout, uint32_t *out) {
    version *versions = c->versions[value->id];
    if (versions[layout].tensor != HT_NO_TENSOR) {
        *out = versions[layout].tensor;
        return HT_OK;
    }
    uint32_t from = versions[other_layout(layout)].tensor;
    if (from == HT_NO_TENSOR) {
        if (value->data == NULL) {
            return ht__fail_at(c->err, HT_ERROR_INTERNAL, value->name, "A tensor is read before it is written.");
        }
        HT_TRY(new_tensor(c, value, HT_LAYOUT_PLAIN, (ht_slot){HT_SLOT_CONSTANT, 0, value->data}, &from));
        if (layout == HT_LAYOUT_PLAIN) {
            *out = from;
            return HT_OK;
        }
    }
    if (layouts_coincide(&value->desc)) { /* one memory, two descriptions */
        HT_TRY(new_tensor(c, value, layout, c->program->tensors[from].slot, out));
        c->alias[*out] = c->alias[from];
        return HT_OK;
    }
    HT_TRY(new_tensor(c, value, layout, output_slot(c, value, layout), out));
    ht_kernel_call call = {.family = &ht__transpose_family, .input_count = 1, .output_count = 1};
    ht_transpose_parameters identity;
    for (int32_t i = 0; i < HT_MAX_RANK; ++i) {
        identity.permutation[i] = i;
    }
    memcpy(call.parameters, &identity, sizeof identity);
    fill_operand(c, &call, 0, from);
    call.outputs[0] = c->program->tensors[*out].desc;
    return new_step(c, value->name, &call, &from, out, 0);
}

/* Which layout should this node's activations have? */
static ht_layout wanted_layout(const compiler *c, const ht_node *node) {
    if (c->options.plain_layout || node->op->layout == HT_OP_PLAIN) {
        return HT_LAYOUT_PLAIN;
    }
    if (node->op->layout == HT_OP_CHANNELS_LAST) {
        return HT_LAYOUT_CHANNELS_LAST;
    }
    int32_t rank = node->outputs[0]->desc.rank; /* neutral: follow what is there */
    for (uint32_t i = 0; i < node->input_count; ++i) {
        const ht_value *value = node->inputs[i];
        if (value != NULL && value->data == NULL && value->desc.rank >= 3 && value->desc.rank == rank &&
            !layouts_coincide(&value->desc)) {
            return c->versions[value->id][HT_LAYOUT_CHANNELS_LAST].tensor != HT_NO_TENSOR ? HT_LAYOUT_CHANNELS_LAST
                                                                                          : HT_LAYOUT_PLAIN;
        }
    }
    return HT_LAYOUT_PLAIN;
}

static ht_layout operand_layout(ht_layout wanted, const ht_value *value, uint32_t plain_mask, uint32_t i,
                                int32_t rank) {
    bool plain = value->desc.rank < 3 || value->desc.rank != rank || (i < 32 && (plain_mask >> i & 1u) != 0);
    return plain ? HT_LAYOUT_PLAIN : wanted;
}

/* ---- one node ---- */

/* A plain copy of a tensor that nobody else writes needs no step: the output shares the input's memory. */
static bool becomes_alias(const compiler *c, const ht_kernel_call *call, const ht_value *output) {
    return call->family == &ht__copy_family && !output->is_output && !c->options.keep_all;
}

static ht_status emit_outputs(compiler *c, const ht_node *node, ht_layout wanted, ht_kernel_call *call,
                              uint32_t *tensors) {
    int32_t rank = node->input_count != 0 && node->inputs[0] != NULL ? node->inputs[0]->desc.rank : 0;
    int32_t out_rank = node->outputs[0]->desc.rank;
    rank = out_rank > rank ? out_rank : rank;
    call->output_count = node->output_count;
    for (uint32_t i = 0; i < node->output_count; ++i) {
        ht_value *value = node->outputs[i];
        tensors[i] = HT_NO_TENSOR;
        if (value == NULL) {
            call->outputs[i] = (ht_tensor_desc){.type = HT_NONE};
            continue;
        }
        ht_layout layout = operand_layout(wanted, value, node->op->plain_outputs, i, rank);
        HT_TRY(new_tensor(c, value, layout, output_slot(c, value, layout), &tensors[i]));
        call->outputs[i] = c->program->tensors[tensors[i]].desc;
    }
    return HT_OK;
}

static ht_status emit_node(compiler *c, const ht_node *node) {
    ht_kernel_call call = {.input_count = node->input_count};
    int32_t operands[HT_MAX_INPUTS];
    if (node->input_count > HT_MAX_INPUTS || node->output_count > HT_MAX_OUTPUTS) {
        return ht__fail_at(c->err, HT_ERROR_LIMIT, node->name, "%s has more than %d inputs or %d outputs.",
                           node->op->name, HT_MAX_INPUTS, HT_MAX_OUTPUTS);
    }
    for (int32_t i = 0; i < HT_MAX_INPUTS; ++i) {
        operands[i] = i;
    }
    if (node->op->lower != NULL) {
        HT_TRY(node->op->lower(node, &call, operands, c->err));
    }
    if (call.family == NULL) {
        if (node->op->evaluate == NULL || ht__node_has_graphs(node)) {
            return ht__fail_at(c->err, HT_ERROR_UNSUPPORTED, node->name, "%s cannot be part of a compiled program.",
                               node->op->name);
        }
        ht__host_lower(c->graph->ctx, node, &call);
    }
    ht_layout wanted = call.family == &ht__host_family ? HT_LAYOUT_PLAIN : wanted_layout(c, node);
    if (call.family == &ht__copy_family && wanted == HT_LAYOUT_CHANNELS_LAST &&
        !ht__desc_same_shape(&node->inputs[0]->desc, &node->outputs[0]->desc)) {
        wanted = HT_LAYOUT_PLAIN;
    }
    int32_t rank = node->outputs[0]->desc.rank;
    for (uint32_t i = 0; i < node->input_count; ++i) {
        if (node->inputs[i] != NULL && node->inputs[i]->data == NULL && node->inputs[i]->desc.rank > rank) {
            rank = node->inputs[i]->desc.rank;
        }
    }
    uint32_t inputs[HT_MAX_INPUTS], outputs[HT_MAX_OUTPUTS];
    for (uint32_t i = 0; i < call.input_count; ++i) {
        int32_t operand = operands[i];
        const ht_value *value = operand >= 0 && (uint32_t)operand < node->input_count ? node->inputs[operand] : NULL;
        inputs[i] = HT_NO_TENSOR;
        call.inputs[i] = (ht_tensor_desc){.type = HT_NONE};
        if (value != NULL) {
            ht_layout layout = operand_layout(wanted, value, node->op->plain_inputs, (uint32_t)operand, rank);
            HT_TRY(tensor_in_layout(c, value, layout, &inputs[i]));
            fill_operand(c, &call, i, inputs[i]);
        }
    }
    if (becomes_alias(c, &call, node->outputs[0])) {
        uint32_t alias;
        HT_TRY(new_tensor(c, node->outputs[0], call.inputs[0].layout, c->program->tensors[inputs[0]].slot, &alias));
        c->alias[alias] = c->alias[inputs[0]];
        return HT_OK;
    }
    HT_TRY(emit_outputs(c, node, wanted, &call, outputs));
    return new_step(c, node->name, &call, inputs, outputs, node->op->macs != NULL ? node->op->macs(node) : 0);
}

static ht_status emit_copy(compiler *c, const ht_value *value, uint32_t from, uint32_t to) {
    ht_kernel_call call = {.family = &ht__copy_family, .input_count = 1, .output_count = 1};
    fill_operand(c, &call, 0, from);
    call.outputs[0] = c->program->tensors[to].desc;
    return new_step(c, value->name, &call, &from, &to, 0);
}

/* A graph output that no step writes straight into the caller's buffer: an input, a constant, an alias, a tensor that
 * is channels-last, or one listed twice. */
static ht_status emit_output_copy(compiler *c, size_t index) {
    const ht_value *value = c->graph->outputs[index];
    uint32_t from;
    HT_TRY(tensor_in_layout(c, value, HT_LAYOUT_PLAIN, &from));
    ht_program_tensor *tensor = &c->program->tensors[from];
    if (tensor->slot.kind == HT_SLOT_OUTPUT && tensor->slot.offset == index) {
        c->program->outputs[index] = from;
        return HT_OK;
    }
    uint32_t to;
    HT_TRY(new_tensor(c, value, HT_LAYOUT_PLAIN, (ht_slot){HT_SLOT_OUTPUT, index, NULL}, &to));
    c->versions[value->id][HT_LAYOUT_PLAIN].tensor = from;
    c->program->outputs[index] = to;
    return emit_copy(c, value, from, to);
}

/* The tensor with what a state becomes. If that is what another state began with, it is put aside: that state may be
 * overwritten first. */
static ht_status state_source(compiler *c, size_t index, uint32_t *from) {
    const ht_state *state = &c->graph->states[index];
    uint32_t there;
    HT_TRY(tensor_in_layout(c, state->after, HT_LAYOUT_PLAIN, &there));
    *from = there;
    for (size_t k = 0; k < c->graph->state_count; ++k) {
        if (k != index && c->alias[there] == c->alias[c->program->states[k]]) {
            HT_TRY(new_tensor(c, state->after, HT_LAYOUT_PLAIN, arena_slot, from));
            c->versions[state->after->id][HT_LAYOUT_PLAIN].tensor = there;
            return emit_copy(c, state->after, there, *from);
        }
    }
    return HT_OK;
}

/* At the end of a run each state gets its next content. */
static ht_status emit_states(compiler *c) {
    const ht_graph *graph = c->graph;
    uint32_t *from = ht__arena_alloc(c->program->memory, graph->state_count * sizeof *from);
    if (from == NULL) {
        return ht__fail_memory(c->err, graph->state_count * sizeof *from);
    }
    for (size_t i = 0; i < graph->state_count; ++i) {
        HT_TRY(state_source(c, i, &from[i]));
    }
    for (size_t i = 0; i < graph->state_count; ++i) {
        const ht_state *state = &graph->states[i];
        uint32_t to = c->program->states[i];
        if (c->alias[from[i]] == c->alias[to]) {
            continue;
        }
        if (!ht__desc_same_shape(&state->after->desc, &state->before->desc) ||
            state->after->desc.type != state->before->desc.type) {
            return ht__fail_at(c->err, HT_ERROR_MISMATCH, state->before->name, "This state changes its shape or type.");
        }
        HT_TRY(emit_copy(c, state->before, from[i], to));
    }
    return HT_OK;
}

static ht_status emit(compiler *c) {
    ht_graph *graph = c->graph;
    for (size_t i = 0; i < graph->state_count; ++i) {
        HT_TRY(new_tensor(c, graph->states[i].before, HT_LAYOUT_PLAIN, arena_slot, &c->program->states[i]));
    }
    for (size_t i = 0; i < graph->input_count; ++i) {
        HT_TRY(new_tensor(c, graph->inputs[i], HT_LAYOUT_PLAIN, (ht_slot){HT_SLOT_INPUT, i, NULL},
                          &c->program->inputs[i]));
    }
    for (size_t i = 0; i < graph->node_count; ++i) {
        HT_TRY(emit_node(c, graph->nodes[i]));
    }
    for (size_t i = 0; i < graph->output_count; ++i) {
        HT_TRY(emit_output_copy(c, i));
    }
    return emit_states(c);
}

/* ---- kernels ---- */

static ht_status choose_and_prepare(compiler *c) {
    for (size_t i = 0; i < c->program->step_count; ++i) {
        ht_step *step = &c->program->steps[i];
        const ht_kernel_variant *variant = ht__kernel_choose(&c->calls[i], &c->env);
        if (variant == NULL) {
            return ht__fail_at(c->err, HT_ERROR_UNSUPPORTED, step->name, "No kernel of the family %s can do this step.",
                               c->calls[i].family->name);
        }
        HT_TRY(ht__kernel_prepare(variant, &c->calls[i], &c->env, &step->state, c->err));
        step->variant = variant; /* only now: destroy releases prepared steps */
        c->program->packed_bytes += step->state.data_bytes;
    }
    return HT_OK;
}

/* ---- memory ---- */

static void extend(ht_lifetime *life, size_t step) {
    life->first = step < life->first ? step : life->first;
    life->last = step > life->last ? step : life->last;
}

/* Tensors first, then each step's scratch, which lives for the step alone. */
static ht_status place(compiler *c) {
    ht_program *program = c->program;
    size_t items = program->tensor_count + program->step_count;
    ht_lifetime *lives = ht__calloc(c->allocator, items, sizeof *lives), *scratch = lives + program->tensor_count;
    if (lives == NULL) {
        return ht__fail_memory(c->err, items * sizeof *lives);
    }
    for (size_t i = 0; i < program->tensor_count; ++i) {
        lives[i].first = SIZE_MAX;
    }
    for (size_t s = 0; s < program->step_count; ++s) {
        const ht_step *step = &program->steps[s];
        scratch[s] = (ht_lifetime){.bytes = step->state.scratch_bytes, .first = s, .last = s};
        for (uint32_t i = 0; i < step->input_count; ++i) {
            if (step->inputs[i] != HT_NO_TENSOR) {
                extend(&lives[c->alias[step->inputs[i]]], s);
            }
        }
        for (uint32_t i = 0; i < step->output_count; ++i) {
            if (step->outputs[i] != HT_NO_TENSOR) {
                extend(&lives[c->alias[step->outputs[i]]], s);
            }
        }
    }
    for (size_t i = 0; i < program->state_count; ++i) {
        lives[program->states[i]].first = 0; /* and beyond: nothing else may lie there, in this run or the next */
        lives[program->states[i]].last = program->step_count;
    }
    for (size_t i = 0; i < program->tensor_count; ++i) {
        bool own = program->tensors[i].slot.kind == HT_SLOT_ARENA && c->alias[i] == i && lives[i].first != SIZE_MAX;
        size_t bytes = 0;
        if (own && ht__desc_bytes(&program->tensors[i].desc, &bytes)) {
            lives[i].bytes = bytes;
        } else {
            lives[i].first = lives[i].last = 0;
        }
        if (c->options.keep_all) {
            lives[i].first = 0;
            lives[i].last = program->step_count;
        }
    }
    ht_status status = ht__memory_plan(c->allocator, lives, items, &program->arena_bytes, c->err);
    for (size_t i = 0; status == HT_OK && i < program->step_count; ++i) {
        program->steps[i].scratch_at = scratch[i].offset;
    }
    for (size_t i = 0; status == HT_OK && i < program->tensor_count; ++i) {
        program->tensors[i].storage = c->alias[i];
        if (program->tensors[i].slot.kind == HT_SLOT_ARENA) {
            program->tensors[i].slot.offset = lives[c->alias[i]].offset;
        }
    }
    ht__free(c->allocator, lives);
    return status;
}

/* ---- the whole ---- */

static ht_status begin(compiler *c) {
    ht_arena *memory;
    HT_TRY(ht__arena_create(c->allocator, &memory, c->err));
    ht_program *program = ht__arena_alloc(memory, sizeof *program);
    if (program == NULL) {
        ht__arena_destroy(memory);
        return ht__fail_memory(c->err, sizeof *program);
    }
    c->program = program;
    program->allocator = c->allocator;
    program->memory = memory;
    program->input_count = c->graph->input_count;
    program->output_count = c->graph->output_count;
    program->inputs = ht__arena_alloc(memory, program->input_count * sizeof *program->inputs);
    program->outputs = ht__arena_alloc(memory, program->output_count * sizeof *program->outputs);
    program->state_count = c->graph->state_count;
    program->states = ht__arena_alloc(memory, program->state_count * sizeof *program->states);
    c->versions = ht__alloc(c->allocator, c->graph->value_count * sizeof *c->versions);
    if (program->inputs == NULL || program->outputs == NULL || program->states == NULL || c->versions == NULL) {
        return ht__fail_memory(c->err, c->graph->value_count * sizeof *c->versions);
    }
    for (size_t i = 0; i < c->graph->value_count; ++i) {
        c->versions[i][0].tensor = c->versions[i][1].tensor = HT_NO_TENSOR;
    }
    return HT_OK;
}

size_t ht__extra_kernels(const ht_kernel_variant *const **out) {
#ifdef HT_WITH_ONEDNN
    *out = ht__onednn_variants;
    return ht__onednn_variant_count;
#else
    *out = NULL;
    return 0;
#endif
}

ht_status ht__compile(ht_graph *graph, const ht_compile_options *options, ht_program **out, ht_error *err) {
    ht_context *ctx = graph->ctx;
    compiler c = {.graph = graph,
                  .options = options != NULL ? *options : (ht_compile_options){0},
                  .allocator = &ctx->allocator,
                  .err = err};
    c.env = (ht_kernel_env){.allocator = &ctx->allocator,
                            .threads = c.options.threads != 0 ? c.options.threads : ht_context_threads(ctx),
                            .cpu = c.options.for_file ? c.options.cpu : ht__cpu_mask(),
                            .allow_bf16 = c.options.allow_bf16,
                            .reference_only = c.options.reference_only};
    c.env.extra_count = c.options.for_file ? 0 : ht__extra_kernels(&c.env.extra);
    ht_status status = begin(&c);
    if (status == HT_OK) {
        status = emit(&c);
    }
    if (status == HT_OK) {
        status = choose_and_prepare(&c);
    }
    if (status == HT_OK) {
        status = place(&c);
    }
    ht__free(c.allocator, c.versions);
    ht__free(c.allocator, c.alias);
    if (status == HT_OK && c.options.for_file) {
        c.program->calls = c.calls;
    } else {
        ht__free(c.allocator, c.calls);
    }
    if (status != HT_OK) {
        ht__program_destroy(c.program);
        return status;
    }
    *out = c.program;
    return HT_OK;
}

void ht__program_set_constant(ht_program *program, uint32_t value_id, const void *data) {
    for (size_t i = 0; i < program->tensor_count; ++i) {
        if (program->tensors[i].value_id == value_id && program->tensors[i].slot.kind == HT_SLOT_CONSTANT) {
            program->tensors[i].slot.constant = data;
        }
    }
}
