#!/bin/sh
# halftone quantize and halftone list, on a small table and a net trained on it.
. tests/cli/support.sh

# ---- list ----
exits 0 "$HALFTONE" list schemes
says out 'mid-rise'
says out 'f8e4m3'
says out 'int2 to int16'
exits 0 "$HALFTONE" list schemes f16 --explain 0.1
says out '0     01011     1001100110'
says out 'sign  exponent  mantissa'
says out 'stored    0.0999755859'
says out '= 2^-4 x (1 + 614/1024)'
exits 0 "$HALFTONE" list schemes f8e4m3 --explain -1000 --json
says out '"stored": -448.0'
exits 0 "$HALFTONE" list schemes mxfp4
says out 'levels=mx:e2m1,round=nearest,granularity=block:32'
exits 0 "$HALFTONE" list archs
says out 'mlp-simple'
exits 0 "$HALFTONE" list ops
says out '^  Conv  '
exits 0 "$HALFTONE" list kernels
says out 'conv_f32_reference'
exits 0 "$HALFTONE" list schemes --json
says out '"format": "halftone-list"'
exits 2 "$HALFTONE" list scheems
exits 2 "$HALFTONE" list schemes f17 --explain 1
says err 'nearest is "f16"'
exits 2 "$HALFTONE" list ops Conv

# ---- quantize ----
awk 'BEGIN { srand(7); print "a,b,c,y"; for (i = 0; i < 400; ++i) { a = rand(); b = rand(); c = rand();
             print a "," b "," c "," (a + b > c + 0.5 ? "yes" : "no") } }' >"$work/table.csv"
data="csv:$work/table.csv,target=y"
"$HALFTONE" train --arch mlp-simple --data "$data" --epochs 3 -o "$work/net.onnx" -q >/dev/null 2>"$work/err" ||
    { cat "$work/err"; exit 77; } # a build without training
exits 0 "$HALFTONE" quantize "$work/net.onnx" --scheme mid-rise --bits 4 -o "$work/q.onnx" --data "$data:test"
says out 'levels=mid-rise,round=nearest,granularity=tensor,range=min-max,bits=4'
says out 'smaller: each code at its width'
says out 'predictions flipped'
says out 'LARGEST ERRORS'
says out 'next: halftone eval'
exits 1 "$HALFTONE" quantize "$work/net.onnx" --scheme mid-rise --bits 4 -o "$work/q.onnx"
says err '\-\-force'
exits 0 "$HALFTONE" quantize "$work/net.onnx" --bits 8/8 --calib "$data:train" -o "$work/q.onnx" --force --json
says out '"format": "halftone-quantize"'
says out '"kind": "static"'
says out '"convergence"'
exits 0 "$HALFTONE" info "$work/q.onnx"
says out '2 weights, 3 activations'
exits 0 "$HALFTONE" quantize "$work/net.onnx" --kind simulated --calib "$data:train" -o "$work/q.onnx" --force
exits 0 "$HALFTONE" info "$work/q.onnx"
says out '2 weights, 2 activations'
exits 0 "$HALFTONE" quantize "$work/net.onnx" --scheme nf4,granularity=channel --biases
[ -f "$work/net.nf4-4.onnx" ] || fail "the default name is not used"
exits 0 "$HALFTONE" eval "$work/net.nf4-4.onnx" --baseline "$work/net.onnx" --data "$data:test"

# No option: dynamic, and what is written runs.
exits 0 "$HALFTONE" quantize "$work/net.onnx" --data "$data:test"
says out 'net.int8.onnx: dynamic'
says out 'every product computes on codes'
exits 0 "$HALFTONE" eval "$work/net.int8.onnx" --baseline "$work/net.onnx" --data "$data:test"
says out 'AUC .*of the second class'

# A recipe repeats what was done to the byte; rules have names, operators and places.
exits 0 "$HALFTONE" quantize "$work/net.onnx" --calib "$data:train" --bits 4/8 --range mse --keep-float layer:last \
    -o "$work/first.onnx"
says out 'a rule keeps it in float'
says out 'ranges settled\|ranges not settled\|too few samples'
exits 0 "$HALFTONE" quantize "$work/net.onnx" --recipe "$work/first.recipe.yaml" -o "$work/second.onnx"
cmp "$work/first.onnx" "$work/second.onnx" || fail "the recipe does not give the same bytes"
cmp "$work/first.recipe.yaml" "$work/second.recipe.yaml" || fail "the recipe of the recipe differs"
exits 2 "$HALFTONE" quantize "$work/net.onnx" --recipe "$work/first.recipe.yaml" --bits 4
exits 4 "$HALFTONE" quantize "$work/net.onnx" --calib "$data:train" --keep-float layer:last --strict-int -o "$work/large.onnx"
says err 'a rule keeps it in float'
printf 'kind: static\nrules:\n  - {layer: dense9, keep: float}\n' >"$work/wrong.yaml"
exits 2 "$HALFTONE" quantize "$work/net.onnx" --recipe "$work/wrong.yaml" --calib "$data:train" -o "$work/large.onnx"
says err 'names no layer of the model; near names are: dense1'
printf 'kind: static\nrules:\n  - {layer: dense1, kep: float}\n' >"$work/wrong.yaml"
exits 1 "$HALFTONE" quantize "$work/net.onnx" --recipe "$work/wrong.yaml" --calib "$data:train" -o "$work/large.onnx"
says err 'kep'
exits 0 "$HALFTONE" quantize "$work/net.onnx" --kind f16
[ -f "$work/net.f16.onnx" ] || fail "the name of f16 is not used"

# Where a model loses.
exits 0 "$HALFTONE" quantize "$work/net.onnx" --kind static --calib "$data:train" --bits 3/8 -o "$work/three.onnx"
exits 0 "$HALFTONE" compare "$work/net.onnx" "$work/three.onnx" --data "$data:test"
says out 'width: 3-bit weights'
says out 'first below 20 dB'
exits 0 "$HALFTONE" compare "$work/net.onnx" "$work/net.int8.onnx" --data "$data:test" --json
says out '"format": "halftone-compare"'
says out '"unmatched": 0'
says out '"first_diverging": null'
exits 2 "$HALFTONE" compare "$work/net.onnx"

# Gates leave nothing behind.
exits 4 "$HALFTONE" quantize "$work/net.onnx" --bits 8 --max-size 100 -o "$work/large.onnx"
exits 4 "$HALFTONE" quantize "$work/net.onnx" --bits 2 --data "$data:test" --max-drop -200 -o "$work/large.onnx"
[ ! -e "$work/large.onnx" ] || fail "a gate was missed, but the file is there"

exits 2 "$HALFTONE" quantize "$work/net.onnx" --scheme mid-rize
says err 'mid-rise'
exits 2 "$HALFTONE" quantize "$work/net.onnx" --bits 17
exits 2 "$HALFTONE" quantize "$work/net.onnx" --bits 4/8 --kind weight-only
exits 2 "$HALFTONE" quantize "$work/net.onnx" --layer nothing=int4 -o "$work/large.onnx"
exits 2 "$HALFTONE" quantize "$work/net.onnx" --max-drop 1 -o "$work/large.onnx"
exits 1 "$HALFTONE" quantize "$work/missing.onnx"
