#!/bin/sh
# Builds the runtime library for 64-bit Arm and runs the checker there under qemu: the kernels' C means the same on another
# instruction set. Skipped where the cross compiler or qemu is missing.
set -eu
command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null || exit 77

cmake -S . -B "$BUILD/aarch64" -G Ninja -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake \
    -DHALFTONE_RUNTIME_ONLY=ON >"$BUILD/aarch64.log"
cmake --build "$BUILD/aarch64" -j 2 >>"$BUILD/aarch64.log"
ctest --test-dir "$BUILD/aarch64" --output-on-failure
