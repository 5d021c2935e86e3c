#!/bin/sh
# halftone info: figures counted by hand, what is quantized, and the exit code of each kind of bad file.
set -eu
fail() { echo "FAIL: $1" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Six 3x3 convolutions on maps of 28, 28, 14, 14, 7, 7 with 1-16-16-32-32-48-48 channels, each with a norm; 48 to 10 at the end:
# weights 144 + 2304 + 4608 + 9216 + 13824 + 20736, norms 4 x 192, last layer 490; work 784 x 2448 + 196 x 13824 + 49 x 34560 + 480.
model=models/fashion-mnist-small.onnx
"$HALFTONE" info $model >"$folder/text"
grep -q 'operators .*Conv 6, BatchNormalization 6, Relu 6, MaxPool 2, GlobalAveragePool 1, Flatten 1, Gemm 1' "$folder/text" ||
    fail "operators"
"$HALFTONE" info $model --json >"$folder/json"
grep -q '"parameters": 52090,' "$folder/json" || fail "parameters"
grep -q '"macs": 6322656,' "$folder/json" || fail "multiply-accumulates"
grep -q '"quantized_weights": 0' "$folder/json" || fail "nothing is quantized"

# The largest moment: norm1 reads and writes 16 maps of 28 x 28 in f32; the picture is 28 x 28, the result 10 numbers.
"$HALFTONE" info $model --memory --json >"$folder/json"
grep -q '"arena_bytes": 100352,' "$folder/json" || fail "the arena"
grep -q '"ram_bytes": 103528,' "$folder/json" || fail "the RAM"
"$HALFTONE" info $model --memory >"$folder/text"
grep -q 'fullest at norm1' "$folder/text" || fail "the layer at the peak"
"$HALFTONE" info $model --fits ram=102K,flash=1M >/dev/null || fail "102 KiB are enough"
fits() { # exit code, bounds, pattern
    code=0
    "$HALFTONE" info $model --fits "$2" >/dev/null 2>"$folder/error" || code=$?
    [ "$code" = "$1" ] || fail "--fits $2: exit code $code, not $1"
    grep -q "$3" "$folder/error" || fail "--fits $2: $(cat "$folder/error")"
}
fits 4 ram=101K norm1
fits 4 flash=203K flash
fits 2 ram=lots 'is no bound'
fits 2 '' 'names no bound'

"$HALFTONE" quantize $model --bits 4 -o "$folder/q.onnx" -q >/dev/null
"$HALFTONE" info "$folder/q.onnx" >"$folder/text"
grep -q 'conv1 .* 4/-' "$folder/text" || fail "the width of conv1"
grep -q 'quantized *7 weights, 0 activations' "$folder/text" || fail "how many weights are quantized"
! grep -q warning "$folder/text" || fail "a warning about good weights"

"$HALFTONE" quantize $model --keep-float layer:first -o "$folder/k.onnx" -q >/dev/null
"$HALFTONE" info "$folder/k.onnx" >"$folder/text"
grep -q 'warning *conv1: stays in float' "$folder/text" || fail "no warning about a layer in float"
"$HALFTONE" info "$folder/k.onnx" --json | grep -q '"kind": "float_weight",' || fail "findings in JSON"

"$HALFTONE" info "$folder/q.onnx" --no-layers --html "$folder/page.html" >/dev/null || fail "--html"
[ "$(grep -c '<rect' "$folder/page.html")" = 23 ] || fail "a box per node"
[ "$(grep -c '<g class="w4"' "$folder/page.html")" = 7 ] || fail "the boxes of 4-bit weights"
grep -q 'w 4 bit' "$folder/page.html" || fail "the width in a box"
code=0
"$HALFTONE" info "$folder/q.onnx" --html "$folder/page.html" >/dev/null 2>&1 || code=$?
[ "$code" != 0 ] || fail "--html overwrites without --force"

expect() { # exit code, file
    code=0
    "$HALFTONE" info "$2" >/dev/null 2>"$folder/error" || code=$?
    [ "$code" = "$1" ] || fail "$2: exit code $code, not $1: $(cat "$folder/error")"
}
expect 1 "$folder/missing.onnx"
head -c 5000 $model >"$folder/cut.onnx"
expect 1 "$folder/cut.onnx"
grep -q 'parent stream too short\|damaged' "$folder/error" || fail "the error of a cut file"
expect 1 README.md
sed 's/GlobalAveragePool/GlobalAveragePoof/' $model >"$folder/unknown.onnx"
expect 3 "$folder/unknown.onnx"
grep -q 'GlobalAveragePoof (node' "$folder/error" || fail "the unknown operator is not named"
echo "info: ok"
