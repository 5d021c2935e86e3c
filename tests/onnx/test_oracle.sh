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
python=$HALFTONE_ORACLES/bin/python
mkdir "$folder/ours" "$folder/foreign" "$folder/rewritten"

# What we write, and what we compute from it.
for test in operators quantized schemes; do
    HALFTONE_ONNX_SAMPLES=$folder/ours "$BUILD/test_onnx_$test" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
done
"$python" tests/onnx/oracle.py "$folder/ours"

# What others write, what we compute from that, and what we write again.
"$python" tests/onnx/foreign.py "$folder/foreign" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
HALFTONE_ONNX_FOREIGN=$folder/foreign HALFTONE_ONNX_SAMPLES=$folder/rewritten "$BUILD/test_onnx_foreign" \
    >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
"$python" tests/onnx/oracle.py "$folder/foreign" --unchecked
"$python" tests/onnx/oracle.py "$folder/rewritten"
