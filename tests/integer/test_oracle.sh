#!/bin/sh
# Quantized models, run in integers here and by ONNX Runtime.
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with onnx and onnxruntime"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && exit 1
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$HALFTONE_ORACLES/bin/python" tests/integer/models.py "$folder" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
HALFTONE_INTEGER_MODELS=$folder "$BUILD/test_integer_oracle_models" >"$folder/log" 2>&1 || { tail -30 "$folder/log"; exit 1; }
grep -c differ "$folder/log"
