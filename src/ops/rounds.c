#include "ops/rounds.h"

#include <string.h>

#include "base/context.h"

ht_status ht__host_copy(ht_host_call *call, uint32_t index, const ht_tensor_desc *desc, const void *data,
                        ht_error *err) {
    size_t bytes = 0;
    void *to;
    HT_TRY(ht__host_output(call, index, desc, &to, err));
    if (to != NULL && ht__desc_bytes(desc, &bytes) && bytes != 0) {
        memcpy(to, data, bytes);
    }
    return HT_OK;
}

ht_status ht__rounds_begin(ht_rounds *rounds, ht_host_call *call, const ht_graph *body, size_t carried_count,
                           size_t stack_count, ht_error *err) {
    const ht_allocator *allocator = &call->ctx->allocator;
    const ht_node *node = call->node;
    *rounds = (ht_rounds){.call = call, .body = body, .carried_count = carried_count, .stack_count = stack_count};
    rounds->inputs = ht__calloc(allocator, body->input_count, sizeof *rounds->inputs);
    rounds->outputs = ht__calloc(allocator, body->output_count, sizeof *rounds->outputs);
    rounds->carried = ht__calloc(allocator, carried_count, sizeof *rounds->carried);
    rounds->stacks = ht__calloc(allocator, stack_count, sizeof *rounds->stacks);
    if (rounds->inputs == NULL || rounds->outputs == NULL || rounds->carried == NULL || rounds->stacks == NULL) {
        return ht__fail_memory(err, body->input_count * sizeof *rounds->inputs);
    }
    for (uint32_t k = 0; k < node->captured; ++k) {
        rounds->inputs[body->input_count - node->captured + k] = call->inputs[node->input_count - node->captured + k];
    }
    return HT_OK;
}

void ht__rounds_release(ht_rounds *rounds) {
    const ht_allocator *allocator = &rounds->call->ctx->allocator;
    for (size_t i = 0; rounds->outputs != NULL && i < rounds->body->output_count; ++i) {
        ht__free(allocator, rounds->outputs[i].data);
    }
    for (size_t i = 0; rounds->carried != NULL && i < rounds->carried_count; ++i) {
        ht__free(allocator, rounds->carried[i].data);
    }
    for (size_t i = 0; rounds->stacks != NULL && i < rounds->stack_count; ++i) {
        ht__free(allocator, rounds->stacks[i].data);
    }
    ht__free(allocator, rounds->inputs);
    ht__free(allocator, rounds->outputs);
    ht__free(allocator, rounds->carried);
    ht__free(allocator, rounds->stacks);
}

static ht_status push(ht_rounds *rounds, ht_stack *stack, const ht_tensor_owned *piece, ht_error *err) {
    size_t bytes, used;
    if (stack->piece.type == HT_NONE) {
        stack->piece = piece->desc;
    }
    if (stack->piece.type != piece->desc.type || !ht__desc_same_shape(&stack->piece, &piece->desc)) {
        char was[96], is[96];
        return ht__fail_at(err, HT_ERROR_MISMATCH, rounds->call->node->name,
                           "A round gives %s, the rounds before gave %s.", ht__desc_print(&piece->desc, is, sizeof is),
                           ht__desc_print(&stack->piece, was, sizeof was));
    }
    if (!ht__desc_bytes(&piece->desc, &bytes) || !ht__mul(bytes, (size_t)stack->count, &used)) {
        return ht__fail_at(err, HT_ERROR_LIMIT, rounds->call->node->name, "The rounds give too much.");
    }
    HT_TRY(ht__grow(&rounds->call->ctx->allocator, &stack->data, 1, &stack->capacity, used + bytes + 1, err));
    if (bytes != 0) {
        memcpy(stack->data + used, piece->data, bytes);
    }
    ++stack->count;
    return HT_OK;
}

ht_status ht__rounds_run(ht_rounds *rounds, size_t first, ht_error *err) {
    const ht_allocator *allocator = &rounds->call->ctx->allocator;
    HT_TRY(ht__check_interrupt(rounds->call->ctx, err));
    for (size_t i = 0; i < rounds->body->output_count; ++i) {
        ht__free(allocator, rounds->outputs[i].data);
        rounds->outputs[i].data = NULL;
    }
    HT_TRY(rounds->call->run_graph(rounds->call, rounds->body, rounds->inputs, rounds->outputs, err));
    for (size_t i = 0; i < rounds->carried_count; ++i) {
        ht_tensor_owned *fresh = &rounds->outputs[first + i];
        ht__free(allocator, rounds->carried[i].data);
        rounds->carried[i] = *fresh;
        fresh->data = NULL;
    }
    for (size_t i = 0; i < rounds->stack_count; ++i) {
        HT_TRY(push(rounds, &rounds->stacks[i], &rounds->outputs[first + rounds->carried_count + i], err));
    }
    return HT_OK;
}

/* Output k of the body says the shape where there was no round. */
static ht_tensor_desc shape_without_rounds(const ht_rounds *rounds, size_t k) {
    ht_tensor_desc desc = rounds->body->outputs[rounds->body->output_count - rounds->stack_count + k]->desc;
    desc.type = desc.type != HT_NONE ? desc.type : HT_F32;
    desc.rank = desc.rank >= 0 && desc.rank < HT_MAX_RANK ? desc.rank : 0;
    for (int32_t i = 0; i < desc.rank; ++i) {
        desc.dims[i] = desc.dims[i] >= 0 ? desc.dims[i] : 0;
    }
    return desc;
}

/* y = the pieces as slices along `axis`, the first one last when `reversed`. */
static ht_status finish_stack(ht_rounds *rounds, uint32_t index, const ht_stack *stack, const ht_tensor_desc *piece,
                              int64_t axis, bool reversed, ht_error *err) {
    ht_tensor_desc y = {.type = piece->type, .rank = piece->rank + 1};
    int32_t place;
    if (y.rank > HT_MAX_RANK) {
        return ht__fail_at(err, HT_ERROR_LIMIT, rounds->call->node->name, "The result would have rank %d.",
                           (int)y.rank);
    }
    HT_TRY(ht__normal_axis(rounds->call->node, axis, y.rank, &place, err));
    for (int32_t i = 0; i < y.rank; ++i) {
        y.dims[i] = i == place ? stack->count : piece->dims[i < place ? i : i - 1];
    }
    void *data;
    HT_TRY(ht__host_output(rounds->call, index, &y, &data, err));
    ht_axis_view view = ht__axis_view(&y, place);
    size_t run = (size_t)view.inner * ht_type_bytes(y.type);
    for (int64_t o = 0; data != NULL && run != 0 && o < view.outer; ++o) {
        for (int64_t i = 0; i < view.size; ++i) {
            int64_t from = reversed ? view.size - 1 - i : i;
            memcpy((unsigned char *)data + (size_t)(o * view.size + i) * run,
                   stack->data + (size_t)(from * view.outer + o) * run, run);
        }
    }
    return HT_OK;
}

ht_status ht__rounds_finish(ht_rounds *rounds, uint32_t index, const int64_t *axes, const int64_t *reversed,
                            ht_error *err) {
    for (size_t k = 0; k < rounds->stack_count; ++k) {
        const ht_stack *stack = &rounds->stacks[k];
        ht_tensor_desc piece = stack->count != 0 ? stack->piece : shape_without_rounds(rounds, k);
        HT_TRY(finish_stack(rounds, index + (uint32_t)k, stack, &piece, axes != NULL ? axes[k] : 0,
                            reversed != NULL && reversed[k] != 0, err));
    }
    return HT_OK;
}
