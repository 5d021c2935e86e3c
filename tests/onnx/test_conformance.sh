#!/bin/sh
# ONNX's node tests: none of an operator that is here may fail, none may crash.
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with onnx"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && exit 1
    exit 77
fi
exec "$HALFTONE_ORACLES/bin/python" -W ignore tests/onnx/conformance.py "$HALFTONE" --check
