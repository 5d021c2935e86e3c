#!/bin/sh
# ONNX's node tests: none of an operator that is here may fail, none may crash; as the package has them, and as we write
# them again, which the onnx checker looks at too.
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with onnx"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && exit 1
    exit 77
fi
python=$HALFTONE_ORACLES/bin/python
"$python" -W ignore tests/onnx/conformance.py "$HALFTONE" --check
"$python" -W ignore tests/onnx/conformance.py "$HALFTONE" --check --rewrite
