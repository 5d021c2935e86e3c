#!/bin/sh
# halftone run: results written and read again, and the exit code of each kind of wrong input.
. tests/cli/support.sh
model=models/telescope-mlp-simple-s0.onnx

# npy TYPE SHAPE BYTES FILE: zeros
npy() {
    { npy_header "$1" "$2"; head -c "$3" /dev/zero; } >"$4"
}
name=$("$HALFTONE" info $model --no-layers --json | sed -n '/"inputs"/,/]/s/.*"name": "\([^"]*\)".*/\1/p' | head -1)
width=$("$HALFTONE" info $model --no-layers | sed -n 's/.*inputs .*,\([0-9]*\)\]/\1/p')

npy '<f4' "2, $width" $((8 * width)) "$work/x.npy"
exits 0 "$HALFTONE" run $model --input "$name=$work/x.npy" --output-dir "$work/results" --json
says out '"type": "f32"'
output=$(sed -n 's/.*"file": "\(.*\)".*/\1/p' "$work/out")
[ -s "$output" ] || fail "no output was written"
head -c 6 "$output" | od -c | grep -q '223   N   U   M   P   Y' || fail "the output is no .npy file"
cp "$output" "$work/first"
"$HALFTONE" run $model -i "$name=$work/x.npy" -o "$work/results" --force --reference >/dev/null
[ "$(wc -c <"$output")" = "$(wc -c <"$work/first")" ] || fail "the reference gives another shape"

# refuses CODE SENTENCE ARGUMENT...
refuses() {
    refused=$1 sentence=$2
    shift 2
    exits "$refused" "$HALFTONE" run "$@"
    says err "$sentence"
}
refuses 2 "No tensor is given" $model
refuses 2 "no input of this name" $model -i "nobody=$work/x.npy"
refuses 2 "given twice" $model -i "$name=$work/x.npy" -i "$name=$work/x.npy"
refuses 2 "NAME=FILE" $model -i "$work/x.npy"
refuses 1 "missing.npy" $model -i "$name=$work/missing.npy"
npy '<f4' "2, $((width + 1))" $((8 * width + 8)) "$work/wide.npy"
refuses 1 "The model takes" $model -i "$name=$work/wide.npy"
npy '<f8' "2, $width" $((16 * width)) "$work/double.npy"
refuses 1 "The model takes f32" $model -i "$name=$work/double.npy"
npy '|V1' "2, $width" $((2 * width)) "$work/raw.npy"
refuses 1 "raw elements of 1 bytes" $model -i "$name=$work/raw.npy"
npy '<f4' "2, $width" $((8 * width - 1)) "$work/short.npy"
refuses 1 "bytes follow" $model -i "$name=$work/short.npy"
npy '<c8' "2, $width" $((16 * width)) "$work/complex.npy"
refuses 3 "are not read" $model -i "$name=$work/complex.npy"
printf 'no tensor' >"$work/x.pb"
refuses 1 "no ONNX tensor" $model -i "$name=$work/x.pb"
