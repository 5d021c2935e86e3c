"""Compares models with what `halftone convert` made of them: TFLite written again, by way of ONNX and back, and as ONNX.

usage: rewritten.py MODELS REWRITTEN   (REWRITTEN holds NAME.tflite, NAME.onnx and NAME.back.tflite for each NAME under MODELS)

LiteRT must give the same bits for both TFLite files; ONNX Runtime float outputs as close as float kernels are, and integers
within the steps that ONNX's rule of requantization makes of a difference inside.
"""

import pathlib
import sys

import numpy
import onnxruntime
from oracle import content
from ai_edge_litert.interpreter import Interpreter, OpResolverType

TOLERANCE = 1e-4
CODES = 16


def interpret(model, inputs=None):
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()
    if inputs is None:
        numbers = numpy.random.default_rng(1)
        inputs = [
            numbers.standard_normal(d["shape"]).astype(d["dtype"])
            if d["dtype"] == numpy.float32
            else numbers.integers(numpy.iinfo(d["dtype"]).min, numpy.iinfo(d["dtype"]).max, d["shape"]).astype(d["dtype"])
            for d in details
        ]
    for detail, data in zip(details, inputs):
        interpreter.set_tensor(detail["index"], data)
    interpreter.invoke()
    return inputs, [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]


def run_onnx(path, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {value.name: data for value, data in zip(session.get_inputs(), inputs)})


def apart(ours, theirs):
    return max(numpy.abs(a.astype(float) - b.astype(float)).max() for a, b in zip(ours, theirs))


def check(path, folder):
    """What is wrong, or None."""
    inputs, theirs = interpret(content(path))
    for suffix in (".tflite", ".back.tflite"):
        distance = apart(interpret((folder / (path.stem + suffix)).read_bytes(), inputs)[1], theirs)
        if distance > 0:
            return f"{suffix} differs by {distance} in LiteRT"
    distance = apart(run_onnx(folder / (path.stem + ".onnx"), inputs), theirs)
    integers = theirs[0].dtype.kind != "f"
    bound = CODES if integers else TOLERANCE * max(1.0, numpy.abs(theirs[0]).max())
    print(f"  {path.name}: the same bits in LiteRT; ONNX Runtime differs by {distance:.3g}")
    return None if distance <= bound else f".onnx differs by {distance} in ONNX Runtime"


def main():
    models, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    paths = [path for path in sorted(models.rglob("*.tflite")) if (folder / f"{path.stem}.back.tflite").exists()]
    failures = 0
    for path in paths:
        try:
            complaint = check(path, folder)
        except Exception as error:  # the runtimes raise many kinds
            complaint = str(error).splitlines()[0]
        if complaint:
            print(f"{path.name}: {complaint}")
            failures += 1
    print(f"{len(paths) - failures} of {len(paths)} models are the same after writing")
    return 1 if failures or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
