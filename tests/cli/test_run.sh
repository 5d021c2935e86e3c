#!/bin/sh
# halftone run: results written and read again, and the exit code of each kind of wrong input.
set -eu
fail() { echo "FAIL: $1" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
model=models/telescope-mlp-simple-s0.onnx

# A .npy file of zeros: descr, shape, elements, file.
npy() {
    header="{'descr': '$1', 'fortran_order': False, 'shape': ($2), }"
    printf '\223NUMPY\001\000\166\000%-117s\n' "$header" >"$4"
    head -c "$3" /dev/zero >>"$4"
}
name=$("$HALFTONE" info $model --no-layers --json | sed -n '/"inputs"/,/]/s/.*"name": "\([^"]*\)".*/\1/p' | head -1)
width=$("$HALFTONE" info $model --no-layers | sed -n 's/.*inputs .*,\([0-9]*\)\]/\1/p')

npy '<f4' "2, $width" $((8 * width)) "$folder/x.npy"
"$HALFTONE" run $model --input "$name=$folder/x.npy" --output-dir "$folder/out" --json >"$folder/json"
grep -q '"type": "f32"' "$folder/json" || fail "the type of the output"
output=$(sed -n 's/.*"file": "\(.*\)".*/\1/p' "$folder/json")
[ -s "$output" ] || fail "no output was written"
head -c 6 "$output" | od -c | grep -q '223   N   U   M   P   Y' || fail "the output is no .npy file"
cp "$output" "$folder/first"
"$HALFTONE" run $model -i "$name=$folder/x.npy" -o "$folder/out" --force --reference >/dev/null
[ "$(wc -c <"$output")" = "$(wc -c <"$folder/first")" ] || fail "the reference gives another shape"

expect() { # exit code, words of the message, arguments
    code=0
    wanted=$1 words=$2
    shift 2
    "$HALFTONE" run "$@" >/dev/null 2>"$folder/error" || code=$?
    [ "$code" = "$wanted" ] || fail "$*: exit code $code, not $wanted: $(cat "$folder/error")"
    grep -q "$words" "$folder/error" || fail "$*: no '$words' in: $(cat "$folder/error")"
}
expect 2 "No tensor is given" $model
expect 2 "no input of this name" $model -i "nobody=$folder/x.npy"
expect 2 "given twice" $model -i "$name=$folder/x.npy" -i "$name=$folder/x.npy"
expect 2 "NAME=FILE" $model -i "$folder/x.npy"
expect 1 "missing.npy" $model -i "$name=$folder/missing.npy"
npy '<f4' "2, $((width + 1))" $((8 * width + 8)) "$folder/wide.npy"
expect 1 "The model takes" $model -i "$name=$folder/wide.npy"
npy '<f8' "2, $width" $((16 * width)) "$folder/double.npy"
expect 1 "The model takes f32" $model -i "$name=$folder/double.npy"
npy '|V1' "2, $width" $((2 * width)) "$folder/raw.npy"
expect 1 "raw elements of 1 bytes" $model -i "$name=$folder/raw.npy"
npy '<f4' "2, $width" $((8 * width - 1)) "$folder/short.npy"
expect 1 "bytes follow" $model -i "$name=$folder/short.npy"
npy '<c8' "2, $width" $((16 * width)) "$folder/complex.npy"
expect 3 "are not read" $model -i "$name=$folder/complex.npy"
printf 'no tensor' >"$folder/x.pb"
expect 1 "no ONNX tensor" $model -i "$name=$folder/x.pb"
