#!/bin/sh
# Data in other files: against the onnx checker and ONNX Runtime; hostile names and places; more than 2 GB where there is room.
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with onnx and onnxruntime"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && exit 1
    exit 77
fi
large=
[ "$(df -Pk "${TMPDIR:-/tmp}" | awk 'NR == 2 { print $4 }')" -lt 6000000 ] || large=--large
"$HALFTONE_ORACLES/bin/python" -W ignore tests/onnx/external.py "$HALFTONE" $large
