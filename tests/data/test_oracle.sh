#!/bin/sh
# Preprocessing against NumPy and PyTorch.
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with numpy"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && exit 1
    exit 77
fi
if nm -D "$BUILD/libhalftone.so" | grep -qE '__(asan|tsan)_init'; then
    echo "skipped: Python cannot load a library that wants a sanitizer"
    exit 77
fi
"$HALFTONE_ORACLES/bin/python" tests/data/oracle.py "$BUILD/libhalftone.so"
