#!/bin/sh
# A step of a build: quantizes a model and stops the build when it got worse or larger than agreed.
#
#     HALFTONE=halftone examples/quantize-in-ci/quantize.sh MODEL CALIBRATION TEST [FOLDER]
#
# MODEL.int8.onnx goes to FOLDER (.), with its recipe and report.json. Exit codes: 0 good, 4 a gate missed, others as in
# docs/verbs.md. The gates: at most half a point of accuracy, at most a third of the float file.
set -eu
halftone=${HALFTONE:-halftone}
model=$1 calibration=$2 test_set=$3 folder=${4:-.}
name=$(basename "$model" .onnx)
most=$(($(wc -c <"$model") / 3))

"$halftone" quantize "$model" --calib "$calibration" --data "$test_set" \
    --max-drop 0.5 --max-size "$most" --strict-int \
    -o "$folder/$name.int8.onnx" --force --json >"$folder/report.json"

# What a reviewer wants to see in the log.
"$halftone" eval "$folder/$name.int8.onnx" --baseline "$model" --data "$test_set"
