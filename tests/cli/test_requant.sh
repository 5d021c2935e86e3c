#!/bin/sh
# The two rules by which sums become codes: what --requant chooses is in the file and in its recipe, holds when the file is read,
# and moves results by a step; without it the rule is that of the written file's format, and so is the reported accuracy.
. tests/cli/support.sh
model=models/fashion-mnist-small.onnx
calibration='fashion-mnist:test[5000:5030]'
data='fashion-mnist:test[0:50]'
exits 0 "$HALFTONE" convert $model "$work/float.tflite" # a build without TFLite fails here
number() { sed -n "s/^ *\"$1\": \([-0-9.e]*\),*/\1/p" "$2" | tail -n 1; }

# quantizes SOURCE OUTPUT RULE OPTION...: the loss that is reported, also that of the file, is left in $loss
quantizes() {
    source=$1
    output=$2
    rule=$3
    shift 3
    exits 0 "$HALFTONE" quantize "$source" --kind static --calib "$calibration" --data "$data" -o "$work/$output" --force \
        --json "$@"
    says out "\"requantization\": \"$rule\""
    sed -n '/"after": {/,/}/p' "$work/out" >"$work/after"
    loss=$(number loss "$work/after")
    size=$(number file_after "$work/out")
    [ -n "$loss" ] || fail "$output: no loss is reported"
    [ "$size" = "$(wc -c <"$work/$output")" ] || fail "$output: $size bytes are reported"
    exits 0 "$HALFTONE" eval "$work/$output" --data "$data" --json
    read=$(number loss "$work/out")
    [ "$loss" = "$read" ] || fail "$source to $output $*: the loss is reported as $loss; the file's is $read"
}

for source in $model "$work/float.tflite"; do
    for output in q.onnx q.tflite; do
        case $output in
        *.onnx) own=float ;;
        *) own=fixed ;;
        esac
        quantizes "$source" $output $own
        [ "$source" = $model ] || continue
        alone=$loss
        quantizes "$source" $output float --requant float
        float=$loss
        quantizes "$source" $output fixed --requant fixed
        fixed=$loss
        [ "$float" != "$fixed" ] || fail "$output: the rules give the same loss, so that this test sees nothing"
        eval "named=\$$own"
        [ "$alone" = "$named" ] || fail "$output: without --requant the loss is $alone, with $own $named"
    done
done

# In the metadata and in the recipe, which repeats the file.
for rule in float fixed; do
    exits 0 "$HALFTONE" quantize $model --calib "$calibration" --requant $rule -o "$work/$rule.onnx"
    says out "sums become codes by the rule $rule"
    exits 0 "$HALFTONE" info "$work/$rule.onnx"
    says out "halftone.requantize = $rule"
    grep -q "^requantize: $rule" "$work/$rule.recipe.yaml" || fail "the recipe does not say the rule $rule"
    exits 0 "$HALFTONE" quantize $model --recipe "$work/$rule.recipe.yaml" --calib "$calibration" -o "$work/again.onnx" --force
    cmp "$work/$rule.onnx" "$work/again.onnx" || fail "the recipe with $rule does not give the same bytes"
done
exits 2 "$HALFTONE" quantize $model --requant fixed -o "$work/dynamic.onnx"
says err 'for the kind static'
