#!/bin/sh
# Builds the runtime library for 64-bit Arm and runs the checker there under qemu: the kernels' C means the same on another
# instruction set. Skipped where the cross compiler or qemu is missing.
set -eu
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v "$tool" >/dev/null || {
        echo "skipped: $tool is not installed ('tools/bootstrap test' installs it)"
        exit 77
    }
done

cmake -S . -B "$BUILD/aarch64" -G Ninja -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake \
    -DHALFTONE_RUNTIME_ONLY=ON >"$BUILD/aarch64.log"
cmake --build "$BUILD/aarch64" -j 2 >>"$BUILD/aarch64.log"
ctest --test-dir "$BUILD/aarch64" --output-on-failure
