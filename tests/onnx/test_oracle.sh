#!/bin/sh
# Hands the models that the ONNX tests write to the onnx checker and ONNX Runtime.
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with onnx and onnxruntime"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && exit 1
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for test in operators quantized; do
    HALFTONE_ONNX_SAMPLES=$folder "$BUILD/test_onnx_$test" >/dev/null 2>&1
done
"$HALFTONE_ORACLES/bin/python" tests/onnx/oracle.py "$folder"
