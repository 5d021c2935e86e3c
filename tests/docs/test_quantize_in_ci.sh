#!/bin/sh
# The example of a build step: passes on a good model, and stops the build when a gate is missed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HALFTONE
step=examples/quantize-in-ci/quantize.sh
HALFTONE_DATA=data
export HALFTONE_DATA
mkdir "$folder/out"
"$step" models/fashion-mnist-small.onnx "fashion-mnist:test[0:200]" "fashion-mnist:test[200:700]" "$folder/out" || {
    echo "FAIL: the step exits with $?"
    exit 1
}
for file in fashion-mnist-small.int8.onnx fashion-mnist-small.int8.recipe.yaml report.json; do
    [ -f "$folder/out/$file" ] || { echo "FAIL: $file is missing"; exit 1; }
done
# Weights of two bits miss the gate: code 4, and no file.
sed 's/--max-drop 0.5/--bits 2\/8 --max-drop 0.5/' "$step" >"$folder/quantize.sh"
chmod +x "$folder/quantize.sh"
mkdir "$folder/bad"
code=0
"$folder/quantize.sh" models/fashion-mnist-small.onnx "fashion-mnist:test[0:200]" "fashion-mnist:test[200:700]" \
    "$folder/bad" 2>"$folder/err" || code=$?
[ "$code" -eq 4 ] || { cat "$folder/err"; echo "FAIL: exit code $code, not 4"; exit 1; }
[ ! -e "$folder/bad/fashion-mnist-small.int8.onnx" ] || { echo "FAIL: a file was left"; exit 1; }
