#!/bin/sh
# halftone compile, and what runs plans: run, bench, halftone-run.
. tests/cli/support.sh
model=models/fashion-mnist-small.onnx
plan="$work/small.ht"

exits 0 "$HALFTONE" compile "$model" -o "$plan" --target scalar --steps
says out 'conv_'
says out 'processor: any'
exits 1 "$HALFTONE" compile "$model" -o "$plan"
exits 0 "$HALFTONE" compile "$model" -o "$plan" --target scalar --force --json
says out '"format": "halftone-compile"'
exits 2 "$HALFTONE" compile "$model" -o "$work/x.ht" --target abacus
says err 'native, scalar'
exits 3 "$HALFTONE" compile "$model" -o "$work/x.ht" --target jetson-orin
says err 'cannot be compiled here'

# Three ways to run it give the same bits.
exits 0 "$BUILD/halftone-run" "$plan" --output-dir "$work/first" --check --repeat 3
says out 'first run'
exits 0 "$BUILD/halftone-run" "$plan" --output-dir "$work/second" --threads 2
for file in "$work"/first/*.npy; do
    cmp "$file" "$work/second/$(basename "$file")" || fail "outputs differ"
done
{ npy_header '<f4' '1, 1, 28, 28'; head -c 3136 /dev/zero; } >"$work/zeros.npy"
exits 0 "$HALFTONE" run "$plan" --input input="$work/zeros.npy" --output-dir "$work/third"
for file in "$work"/first/*.npy; do
    cmp "$file" "$work/third/$(basename "$file")" || fail "outputs differ"
done
exits 2 "$HALFTONE" run "$plan" --reference
exits 0 "$HALFTONE" bench "$plan" "$model" --seconds 0.05 --threads 1 --json
says out '"model": "'
exits 1 "$BUILD/halftone-run" "$plan" --output-dir "$work/first"

# What cannot be run is refused with a sentence.
head -c 500 "$plan" >"$work/cut.ht"
exits 1 "$BUILD/halftone-run" "$work/cut.ht"
says err 'The plan should have'
exits 1 "$HALFTONE" run "$work/cut.ht" --input x=y.npy
says err 'The plan should have'
exits 1 "$BUILD/halftone-run" "$model"
says err 'no compiled plan'
exits 2 "$BUILD/halftone-run"
exits 2 "$BUILD/halftone-run" "$plan" --repeat many
exits 1 "$BUILD/halftone-run" "$plan" --input nothing=x.npy
says err 'name of the plan'
exits 0 "$BUILD/halftone-run" --help
echo "compile: ok"
