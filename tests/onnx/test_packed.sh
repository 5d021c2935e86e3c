#!/bin/sh
# Codes of 2 and 4 bits and scales of blocks, read and written: against ONNX Runtime.
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with onnx and onnxruntime"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && exit 1
    exit 77
fi
"$HALFTONE_ORACLES/bin/python" -W ignore tests/onnx/packed.py "$HALFTONE"
