#!/bin/sh
# Codes of 2 and 4 bits, scales of blocks, ONNX Runtime's product with such weights, floats of 8 bits and bf16, read and
# written: against ONNX Runtime.
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with onnx and onnxruntime"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && exit 1
    exit 77
fi
for test in packed nbits small_floats; do
    "$HALFTONE_ORACLES/bin/python" -W ignore -B tests/onnx/$test.py "$HALFTONE"
done
