#!/bin/sh
# halftone quantize on what cannot work: one sentence, its exit code, and no file, whole or half, left behind.
. tests/cli/support.sh
mkdir "$work/results"
model=models/fashion-mnist-small.onnx

# refuses CODE SENTENCE OPTION...: quantizing into $work/results
refuses() {
    refused=$1
    sentence=$2
    shift 2
    exits "$refused" "$HALFTONE" quantize "$@"
    says err "$sentence"
    [ -z "$(ls -A "$work/results")" ] || fail "'$*' left $(ls -A "$work/results")"
}
to="-o $work/results/q.onnx"

# ---- calibration data ----
# npy FILE SHAPE BYTES: f32 zeros
npy() {
    { npy_header '<f4' "$2,"; head -c "$3" /dev/zero; } >"$1"
}
npy "$work/small.npy" 2,1,14,14 1568
refuses 1 'inputs of another shape' $model --calib "npy:$work/small.npy" $to
npy "$work/short.npy" 2,1,28,28 1568
refuses 1 'promises 1568 elements of 4 bytes; 1568 bytes follow' $model --calib "npy:$work/short.npy" $to
npy "$work/none.npy" 0,1,28,28 0
refuses 1 'empty' $model --calib "npy:$work/none.npy" $to
# A NaN at the beginning of the second of two pictures.
{ npy_header '<f4' '2,1,28,28,'; head -c 3136 /dev/zero; printf '\000\000\300\177'; head -c 3132 /dev/zero; } >"$work/nan.npy"
refuses 1 'Element 784 is not a finite f32 number' $model --calib "npy:$work/nan.npy" $to
# Too few samples give ranges all the same, and a warning.
exits 0 "$HALFTONE" quantize $model --calib 'fashion-mnist:test[0:1]' -o "$work/one.onnx"
says err 'The ranges of activations come from 1 sample. With fewer than 32'
exits 0 "$HALFTONE" quantize $model --calib 'fashion-mnist:test[0:31]' -o "$work/few.onnx"
says err 'come from 31 samples'
exits 0 "$HALFTONE" quantize $model --calib 'fashion-mnist:test[0:32]' -o "$work/enough.onnx"
grep -q 'come from' "$work/err" && fail "32 samples are warned of"
refuses 1 'no data set, folder or .yaml of this name' $model --calib "$work/nowhere" $to
refuses 2 'slice begins at 99999' $model --calib 'fashion-mnist:test[99999:]' $to

# ---- recipes ----
printf 'kind: static\nrules:\n  - {layer: nobody, keep: float}\n' >"$work/recipe.yaml"
refuses 2 'nobody' $model --recipe "$work/recipe.yaml" --calib 'fashion-mnist:test[0:64]' $to
printf 'kind: sometimes\n' >"$work/recipe.yaml"
refuses 1 "'kind' cannot be 'sometimes'" $model --recipe "$work/recipe.yaml" $to
printf 'kind: [static\n' >"$work/recipe.yaml"
refuses 1 'recipe.yaml' $model --recipe "$work/recipe.yaml" $to
refuses 1 'no-such.yaml' $model --recipe "$work/no-such.yaml" $to

# ---- models ----
LC_ALL=C sed 's/Conv/Canv/g' $model >"$work/unknown.onnx"
refuses 3 'Canv' "$work/unknown.onnx" $to
head -c 5000 $model >"$work/cut.onnx"
refuses 1 'cut.onnx' "$work/cut.onnx" $to
printf 'not a model at all' >"$work/text.onnx"
refuses 1 'text.onnx' "$work/text.onnx" $to
refuses 1 'There is no such model file' "$work/nowhere.onnx" $to

# ---- where it should go ----
refuses 5 "$work/no-folder" $model -o "$work/no-folder/q.onnx"
refuses 2 'not a size' $model --max-size huge $to
# A disk that is full after 4 KiB: the limit stands for it.
(trap '' XFSZ; ulimit -f 8; refuses 5 'q.onnx' $model $to)
