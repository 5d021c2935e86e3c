/* Blocks of pixels that become channels, and back: what DepthToSpace and SpaceToDepth share. */
#ifndef HT_OPS_SPACE_DEPTH_H
#define HT_OPS_SPACE_DEPTH_H

#include "ops/host.h"

/* With b = blocksize: `to_space`: [N, C b b, H, W] -> [N, C, H b, W b]; otherwise the way back.
 * Errors: HT_ERROR_FORMAT (another rank, a blocksize outside 1 to 4096), HT_ERROR_MISMATCH (what does not divide). */
ht_status ht__space_depth_infer(ht_node *node, bool to_space, ht_error *err);
ht_status ht__space_depth_evaluate(ht_host_call *call, bool to_space, ht_error *err);

#endif
