#include "ops/ops.h"

#include <string.h>

const ht_op *const ht__ops[] = {
#define OP_ENTRY(Name) &ht__op_##Name,
    HT_OP_LIST(OP_ENTRY)
#undef OP_ENTRY
        NULL,
};

const ht_op *ht__op_find(const char *domain, const char *name) {
    if (domain == NULL || strcmp(domain, "ai.onnx") == 0) {
        domain = "";
    }
    for (const ht_op *const *op = ht__ops; *op != NULL; ++op) {
        if (strcmp((*op)->name, name) == 0 && strcmp((*op)->domain, domain) == 0) {
            return *op;
        }
    }
    return NULL;
}
