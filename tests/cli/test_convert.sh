#!/bin/sh
# halftone convert: ONNX to TFLite and back; what is said, what is refused.
set -eu
fail() { echo "FAIL: $1" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=models/fashion-mnist-small.onnx

"$HALFTONE" convert "$model" "$work/small.tflite" >"$work/out" 2>"$work/err" || {
    grep -q HALFTONE_WITH_ "$work/err" && { echo "skipped: this build leaves out a format"; exit 77; }
    cat "$work/err"; fail "convert to TFLite"
}
grep -q 'ONNX to TFLite' "$work/out" || fail "the formats are not said"
"$HALFTONE" info "$work/small.tflite" --no-layers >"$work/out"
grep -q ', TFLite' "$work/out" || fail "info does not say TFLite"
"$HALFTONE" convert "$work/small.tflite" "$work/back.onnx" --json >"$work/out"
grep -q '"from": "TFLite"' "$work/out" || fail "JSON does not say where it comes from"

# The same network three times.
for file in "$model" "$work/small.tflite" "$work/back.onnx"; do
    "$HALFTONE" eval "$file" --data fashion-mnist:test --samples 200 | sed -n 's/ *accuracy *\([0-9.]*\).*/\1/p'
done >"$work/accuracies"
[ "$(sort -u "$work/accuracies" | wc -l)" = 1 ] || fail "accuracies differ: $(cat "$work/accuracies")"

# A file that exists stays.
code=0
"$HALFTONE" convert "$model" "$work/small.tflite" 2>"$work/err" || code=$?
[ "$code" = 1 ] || fail "overwriting exits with $code"
"$HALFTONE" convert "$model" "$work/small.tflite" --force >/dev/null || fail "--force does not overwrite"
echo "convert: ok"
