#!/bin/sh
# Preprocessing said on the command line, remembered by the quantized model; samples from folders of arrays; warnings.
. tests/cli/support.sh

# npy FILE SHAPE BYTES FOUR_BYTES: f32 values, all of them the four bytes, each written %ooo
npy() {
    npy_header '<f4' "$2," >"$1"
    printf "$(awk -v n="$3" -v text="$4" 'BEGIN { gsub(/%/, "\\", text); for (i = 0; i < n; i += 4) printf "%s", text }')" \
        >>"$1"
}

model=models/fashion-mnist-small.onnx
data="fashion-mnist:test[0:200]"

# ---- what the pictures look like ----
exits 0 "$HALFTONE" eval $model --data "$data"
silent err 'warning'
exits 0 "$HALFTONE" eval $model --data "$data" --pre raw
says err 'warning: The pictures reach the model as 0 to 255'
exits 0 "$HALFTONE" data preview "$data" --model $model --pre raw -o "$work/sheet.png"
says err 'looks made for pictures of 0 to 1'
exits 0 "$HALFTONE" eval $model --data "$data" --pre mean=2000,std=1
says err 'hardly better than always answering one class'

exits 0 "$HALFTONE" info $model --no-layers
says out 'pictures of 0 to 1, -1 to 1 or normalized'

# ---- words ----
for wrong in blue size=0 mean=x raw,unit letterbox size=1x2x3 mean=1,mean=2 raw,divide=3 std=0; do
    exits 2 "$HALFTONE" eval $model --data "$data" --pre $wrong
    says err 'In the preprocessing'
done
exits 1 "$HALFTONE" eval $model --data "$data" --pre nowhere.yaml

# ---- remembered: the same words once and not again ----
own=unit,mean=0.286,std=0.353
exits 0 "$HALFTONE" quantize $model --kind static --calib "$data" --pre $own -o "$work/q.onnx"
exits 0 "$HALFTONE" info "$work/q.onnx" --no-layers
says out 'halftone.preprocess.*"scale"'
"$HALFTONE" eval "$work/q.onnx" --data "$data" --json -q | sed 's/"seconds.*//' >"$work/without"
"$HALFTONE" eval "$work/q.onnx" --data "$data" --json -q --pre $own | sed 's/"seconds.*//' >"$work/with"
cmp "$work/without" "$work/with" || fail "the quantized model forgot its preprocessing"
# Numbers within 1 are those of pixels of 0..1.
"$HALFTONE" eval "$work/q.onnx" --data "$data" --json -q --pre mean=0.286,std=0.353 | sed 's/"seconds.*//' >"$work/with"
cmp "$work/without" "$work/with" || fail "mean and std within 1 are not those of pixels of 0..1"
exits 0 "$HALFTONE" quantize $model --kind weight-only --pre bgr,divide=2 -o "$work/w.onnx"
exits 0 "$HALFTONE" info "$work/w.onnx" --no-layers --json
says out 'channel-order'

# ---- a folder of arrays ----
mkdir "$work/arrays" "$work/nothing"
npy "$work/arrays/a.npy" 2,1,28,28 6272 %000%000%200%077
npy "$work/arrays/b.npy" 1,28,28 3136 %000%000%000%100
exits 0 "$HALFTONE" quantize $model --calib "$work/arrays" -o "$work/a.onnx"
says out 'calibrated on 3 samples'
exits 0 "$HALFTONE" data info "$work/arrays"
npy "$work/arrays/c.npy" 1,28,28 3136 %000%000%300%177
exits 1 "$HALFTONE" quantize $model --calib "$work/arrays" -o "$work/b.onnx"
says err 'Element 0 is not a finite f32 number'
says err 'c.npy'
npy "$work/arrays/c.npy" 1,28,27 3024 %000%000%200%077
exits 1 "$HALFTONE" quantize $model --calib "$work/arrays" -o "$work/b.onnx"
says err 'another shape than those of a.npy'
rm "$work/arrays/a.npy" "$work/arrays/b.npy"
exits 1 "$HALFTONE" quantize $model --calib "$work/arrays" -o "$work/b.onnx"
says err 'The model takes f32'
exits 1 "$HALFTONE" quantize $model --calib "$work/nothing" -o "$work/b.onnx"
says err 'no class folder inside this folder'
[ ! -e "$work/b.onnx" ] && [ ! -e "$work/b.recipe.yaml" ] || fail "a failed run left a file"

# ---- a network for pictures of 0..255, by others ----
[ -n "${HALFTONE_SHARED:-}" ] || { echo "no models of others: HALFTONE_SHARED is not set"; exit 0; }
resnet=$HALFTONE_SHARED/models/mlperf-tiny/pretrainedResnet
picture=$HALFTONE_SHARED/data/imagenet-250/$(ls "$HALFTONE_SHARED/data/imagenet-250" | head -1)
for pair in "$resnet.tflite input_1" "${resnet}_quant.tflite input_1_int8"; do
    exits 0 "$HALFTONE" run "${pair% *}" --input "${pair#* }=$picture" --pre size=32 -o "$work" --force
    silent err 'warning'
    exits 0 "$HALFTONE" run "${pair% *}" --input "${pair#* }=$picture" --pre size=32,unit -o "$work" --force
    says err 'warning: The'
done
exits 0 "$HALFTONE" info "$resnet.tflite" --no-layers
says out 'pictures of 0 to 255'
exits 0 "$HALFTONE" info "${resnet}_quant.tflite" --no-layers
says out 'made for *inputs from 0 to 255, by their codes'
exits 1 "$HALFTONE" run "$resnet.tflite" --input input_1="$picture" --pre size=31
says err 'but a sample is 3 x 31 x 31'
