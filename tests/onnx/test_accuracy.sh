#!/bin/sh
# A quantized network is right as often in ONNX Runtime as in Halftone: weights in codes of several kinds, activations of 8 and of
# 12 bits. One prediction in a thousand may differ, where two scores are as good as equal.
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with onnxruntime"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && exit 1
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
samples=1000
test_set="fashion-mnist:test[0:$samples]"

compare() { # options of halftone quantize
    "$HALFTONE" quantize models/fashion-mnist-small.onnx "$@" -o "$folder/quantized.onnx" --force -q >/dev/null
    ours=$("$HALFTONE" eval "$folder/quantized.onnx" --data-dir data --data "$test_set" --json |
        sed -n 's/^ *"accuracy": *\([0-9.]*\).*/\1/p')
    theirs=$("$HALFTONE_ORACLES/bin/python" tests/onnx/accuracy.py "$folder/quantized.onnx" data/fashion-mnist $samples)
    echo "$*: $ours here, $theirs in ONNX Runtime"
    awk -v a="$ours" -v b="$theirs" 'BEGIN { exit !(a > 0.5 && a - b < 0.0011 && b - a < 0.0011) }'
}
calibration="--data-dir data --calib fashion-mnist:test[5000:5200]"
# shellcheck disable=SC2086  # two options
compare --bits 4/8 --granularity channel $calibration
# shellcheck disable=SC2086
compare --bits 8/12 $calibration
compare --kind static --activations signed $calibration
# shellcheck disable=SC2086
compare --kind static --bits 8/16 $calibration
# shellcheck disable=SC2086
compare --kind static $calibration
# ONNX Runtime fuses every layer of the static model into an operator on codes.
"$HALFTONE_ORACLES/bin/python" tests/onnx/fused.py "$folder/quantized.onnx" >"$folder/operators"
cat "$folder/operators"
grep -qx 'QLinearConv 6' "$folder/operators"
grep -qx 'QGemm 1' "$folder/operators"
grep -qx 'QLinearGlobalAveragePool 1' "$folder/operators"
compare --scheme k-means --bits 3 --granularity block:64
compare --scheme mid-rise --bits 4 --fold-bn
