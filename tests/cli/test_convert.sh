#!/bin/sh
# halftone convert: ONNX to TFLite and back; what is said, what is refused.
. tests/cli/support.sh
model=models/fashion-mnist-small.onnx

"$HALFTONE" convert "$model" "$work/small.tflite" >"$work/out" 2>"$work/err" || {
    grep -q HALFTONE_WITH_ "$work/err" && { echo "skipped: this build leaves out a format"; exit 77; }
    cat "$work/err"; fail "convert to TFLite"
}
says out 'ONNX to TFLite'
exits 0 "$HALFTONE" info "$work/small.tflite" --no-layers
says out ', TFLite'
exits 0 "$HALFTONE" convert "$work/small.tflite" "$work/back.onnx" --json
says out '"from": "TFLite"'

# The same network three times.
for file in "$model" "$work/small.tflite" "$work/back.onnx"; do
    "$HALFTONE" eval "$file" --data fashion-mnist:test --samples 200 | sed -n 's/ *accuracy *\([0-9.]*\).*/\1/p'
done >"$work/accuracies"
[ "$(sort -u "$work/accuracies" | wc -l)" = 1 ] || fail "accuracies differ: $(cat "$work/accuracies")"

# A file that exists stays.
exits 1 "$HALFTONE" convert "$model" "$work/small.tflite"
exits 0 "$HALFTONE" convert "$model" "$work/small.tflite" --force
echo "convert: ok"
