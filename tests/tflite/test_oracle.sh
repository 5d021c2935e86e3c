#!/bin/sh
# Compares what the TFLite tests compute with LiteRT's reference kernels.
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ] || [ -z "${HALFTONE_SHARED:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with ai-edge-litert, or HALFTONE_SHARED no models"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && [ -n "${HALFTONE_SHARED:-}" ] && exit 1
    exit 77
fi
[ -x "$BUILD/test_tflite_models" ] || { echo "skipped: this build leaves out TFLite"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
HALFTONE_TFLITE_MODELS=$HALFTONE_SHARED/models HALFTONE_TFLITE_SAMPLES=$folder "$BUILD/test_tflite_models" \
    >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
"$HALFTONE_ORACLES/bin/python" tests/tflite/oracle.py "$HALFTONE_SHARED/models" "$folder" 2>/dev/null
