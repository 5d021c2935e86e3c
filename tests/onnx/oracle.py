"""Checks each model in a folder with the onnx checker, runs it in ONNX Runtime on the inputs beside it, and compares the outputs.

usage: oracle.py FOLDER [--unchecked]   (NAME.onnx, NAME.in0.bin ..., NAME.out0.bin ...; NAME starting with "exact_": bit for bit)
With --unchecked the models are not ours, and the onnx checker's opinion of them does not matter.
"""

import pathlib
import sys

import numpy
import onnx
import onnxruntime

TOLERANCE = 1e-4  # of the largest output, where that is above 1
BATCH = 2
TYPES = {"tensor(float)": numpy.float32, "tensor(uint8)": numpy.uint8, "tensor(int32)": numpy.int32,
         "tensor(int64)": numpy.int64, "tensor(bool)": numpy.bool_}


def read(path, kind, shape):
    shape = [size if isinstance(size, int) else BATCH for size in shape]
    return numpy.fromfile(path, TYPES[kind]).reshape(shape)


def check(path):
    """One sentence about what is wrong with a model, or None."""
    if "--unchecked" not in sys.argv:
        onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    # As written: optimizations would replace the float arithmetic around QuantizeLinear by integer kernels.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    stem = path.with_suffix("")
    inputs = {
        value.name: read(f"{stem}.in{index}.bin", value.type, value.shape)
        for index, value in enumerate(session.get_inputs())
    }
    for index, (value, theirs) in enumerate(zip(session.get_outputs(), session.run(None, inputs))):
        ours = numpy.fromfile(f"{stem}.out{index}.bin", TYPES[value.type])
        if ours.size != theirs.size:
            return f"{value.name} has {ours.size} elements here and {theirs.size} there"
        ours = ours.reshape(theirs.shape)
        if path.name.startswith("exact_") and ours.tobytes() != theirs.tobytes():
            return f"{value.name} differs in bits, by up to {numpy.abs(ours - theirs).max()}"
        if theirs.dtype == numpy.bool_:  # which NumPy does not subtract
            ours, theirs = ours.astype(numpy.uint8), theirs.astype(numpy.uint8)
        finite = numpy.abs(theirs[numpy.isfinite(theirs)].astype(float))
        bound = TOLERANCE * max(1.0, finite.max(initial=0.0))
        if not numpy.allclose(ours, theirs, rtol=0, atol=bound, equal_nan=True):
            return f"{value.name} differs by {numpy.nanmax(numpy.abs(ours.astype(float) - theirs))}, allowed is {bound}"
    return None


def main():
    models = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
    failures = 0
    for path in models:
        try:
            complaint = check(path)
        except Exception as error:  # the checker and the runtime raise many kinds
            complaint = str(error).splitlines()[0]
        if complaint:
            print(f"{path.name}: {complaint}")
            failures += 1
    print(f"{len(models) - failures} of {len(models)} models agree with ONNX Runtime")
    return 1 if failures or not models else 0


if __name__ == "__main__":
    sys.exit(main())
