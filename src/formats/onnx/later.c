/* Attributes that operators got after operator set 17. */
#include <string.h>

#include "formats/onnx/raise.h"

/* An attribute and the value with which the operator does what it did before. */
typedef struct later_attribute {
    const char *op, *name;
    int64_t number; /* of an integer, or of each in a list */
} later_attribute;

static const later_attribute later_attributes[] = {
    {.op = "QuantizeLinear", .name = "precision"},
};

static bool says_nothing(const onnx_attribute *attribute, const later_attribute *later) {
    bool same = attribute->type == ONNX_ATTRIBUTE_INT || attribute->type == ONNX_ATTRIBUTE_INTS;
    for (size_t i = 0; same && i < attribute->count; ++i) {
        same = attribute->ints[i] == later->number;
    }
    return same;
}

ht_status ht__onnx_drop_later_attributes(onnx_raising *raising, onnx_node *node) {
    for (size_t i = 0; i < sizeof later_attributes / sizeof later_attributes[0]; ++i) {
        const later_attribute *later = &later_attributes[i];
        const onnx_attribute *attribute =
            strcmp(later->op, node->op) == 0 ? ht__onnx_attribute(node, later->name) : NULL;
        if (attribute == NULL) {
            continue;
        }
        if (!says_nothing(attribute, later)) {
            return ht__fail_at(raising->err, HT_ERROR_UNSUPPORTED, node->name,
                               "%s with this value of the attribute %s is not supported.", node->op, later->name);
        }
        ht__onnx_drop_attribute(node, later->name);
    }
    return HT_OK;
}
