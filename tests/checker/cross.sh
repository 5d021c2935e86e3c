# The checker for another kind of processor, run by qemu; read by the tests with `. tests/checker/cross.sh`.
set -eu

# cross TOOLCHAIN PROCESSOR: builds it with cmake/TOOLCHAIN.cmake; skipped where the compiler or qemu is missing
cross() {
    toolchain=$1
    emulator=qemu-$2
    folder=$BUILD/$2
    for tool in "$toolchain-gcc" "$emulator"; do
        command -v "$tool" >/dev/null || {
            echo "skipped: $tool is not installed ('tools/bootstrap test' installs it)"
            exit 77
        }
    done
    {
        cmake -S . -B "$folder" -G Ninja -DCMAKE_TOOLCHAIN_FILE="cmake/$toolchain.cmake" -DHALFTONE_RUNTIME_ONLY=ON &&
            cmake --build "$folder" -j 2 --target halftone_check_rt
    } >"$folder.log" 2>&1 || { tail -30 "$folder.log"; exit 1; }
}

# check MODEL ARGUMENT...: runs it on that model of processor; what it prints is in $folder.out
check() {
    model=$1
    shift
    echo "== $emulator -cpu $model: halftone_check $*"
    "$emulator" -cpu "$model" -L "/usr/$toolchain" "$folder/halftone_check_rt" "$@" >"$folder.out" ||
        { cat "$folder.out"; exit 1; }
}

# ran VARIANT: the check before ran that variant; lacked VARIANT: it passed it over, since the processor lacks what it needs
ran() { grep -q "^$1 .* runs\$" "$folder.out" || { cat "$folder.out"; echo "FAIL: $1 did not run"; exit 1; }; }
lacked() { grep -q "^$1 .* skipped: this CPU" "$folder.out" || { cat "$folder.out"; echo "FAIL: $1 ran"; exit 1; }; }
