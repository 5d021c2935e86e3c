#!/bin/sh
# Compares what the TFLite tests compute and write with LiteRT's reference kernels (and, as ONNX, with ONNX Runtime).
set -eu
if [ -z "${HALFTONE_ORACLES:-}" ]; then
    echo "skipped: HALFTONE_ORACLES names no Python environment with ai-edge-litert"
    [ "${HALFTONE_REQUIRE_ORACLES:-}" = 1 ] && exit 1
    exit 77
fi
[ -x "$BUILD/test_tflite_models" ] || { echo "skipped: this build leaves out TFLite"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=$HALFTONE_ORACLES/bin/python
mkdir "$folder/ours" "$folder/theirs" "$folder/rewritten"

# Operators as we write them.
HALFTONE_TFLITE_SAMPLES=$folder/ours "$BUILD/test_tflite_operators" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
"$python" tests/tflite/oracle.py "$folder/ours" "$folder/ours" 2>"$folder/log" || { cat "$folder/log"; exit 1; }

# Quantized operators one by one, as no model at hand has them: the integers of LiteRT's reference kernels.
mkdir "$folder/singles" "$folder/of-singles"
"$python" tests/tflite/singles.py "$folder/singles" 2>"$folder/log" || { cat "$folder/log"; exit 1; }
HALFTONE_TFLITE_MODELS=$folder/singles HALFTONE_TFLITE_SAMPLES=$folder/of-singles "$BUILD/test_tflite_models" \
    >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
"$python" tests/tflite/oracle.py "$folder/singles" "$folder/of-singles" >"$folder/log" 2>&1 ||
    { grep -v "difference 0, " "$folder/log"; exit 1; }
tail -1 "$folder/log"

# Kinds of models that TensorFlow's converter writes: halves, dynamic range, int16 with int8 weights, states.
mkdir "$folder/kinds" "$folder/of-kinds"
"$python" tests/tflite/kinds.py "$folder/kinds" 2>"$folder/log" || { cat "$folder/log"; exit 1; }
HALFTONE_TFLITE_MODELS=$folder/kinds HALFTONE_TFLITE_SAMPLES=$folder/of-kinds "$BUILD/test_tflite_models" \
    >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
"$python" tests/tflite/oracle.py "$folder/kinds" "$folder/of-kinds" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
tail -1 "$folder/log"

# Operators that run subgraphs, and the last step of detectors.
"$python" -W ignore tests/tflite/host_operators.py "$HALFTONE" 2>"$folder/log" || { cat "$folder/log"; exit 1; }

# What our quantizer writes: LiteRT agrees with ONNX Runtime about the same codes written as ONNX, in int8 although those
# are uint8 unless told; and where weights have zero points, which leaves TFLite's products in float, between codes.
for levels in symmetric affine; do
    for suffix in tflite onnx; do
        "$HALFTONE" quantize models/fashion-mnist-small.onnx --kind static --levels $levels --calib fashion-mnist:test \
            --calib-samples 64 -o "$folder/small.$suffix" --force -q >/dev/null
    done
    "$python" tests/tflite/quantized.py "$folder/small.tflite" "$folder/small.onnx" $levels 2>"$folder/log" ||
        { cat "$folder/log"; exit 1; }
done

# Models of others: run, written again, by way of ONNX and back.
[ -n "${HALFTONE_SHARED:-}" ] || { echo "no models of others: HALFTONE_SHARED is not set"; exit 0; }
HALFTONE_TFLITE_MODELS=$HALFTONE_SHARED/models HALFTONE_TFLITE_SAMPLES=$folder/theirs "$BUILD/test_tflite_models" \
    >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
"$python" tests/tflite/oracle.py "$HALFTONE_SHARED/models" "$folder/theirs" 2>"$folder/log" || { cat "$folder/log"; exit 1; }
"$python" tests/tflite/detector.py "$HALFTONE" "$HALFTONE_SHARED/models/ssd-mobilenet-v2/ssd_mobilenet_v2.tflite" \
    "$HALFTONE_SHARED/models/mobilenet/grace_hopper.bmp" "$folder" 2>"$folder/log" || { cat "$folder/log"; exit 1; }
find "$HALFTONE_SHARED/models" -name '*.tflite' | while read -r model; do
    name=$(basename "$model" .tflite)
    [ -e "$folder/theirs/$name.out0.bin" ] || continue
    case $name in *lstm* | keyword_scrambled_8bit) continue ;; esac # states cannot be written
    "$HALFTONE" convert "$model" "$folder/rewritten/$name.tflite" -q >/dev/null
    "$HALFTONE" convert "$model" "$folder/rewritten/$name.onnx" -q >/dev/null
    "$HALFTONE" convert "$folder/rewritten/$name.onnx" "$folder/rewritten/$name.back.tflite" -q >/dev/null
done
"$python" tests/tflite/rewritten.py "$HALFTONE_SHARED/models" "$folder/rewritten" 2>"$folder/log" ||
    { cat "$folder/log"; exit 1; }
