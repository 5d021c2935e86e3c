"""What the tests share that hand small models to Halftone and to ONNX Runtime. The first argument of each is the program."""
import json
import logging
import subprocess
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HALFTONE = sys.argv[1]
logging.disable()
RANDOM = numpy.random.default_rng(5)
TOLERANCE = 1e-4  # of the largest output


def halftone(*arguments):
    done = subprocess.run([HALFTONE, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, f"halftone {' '.join(map(str, arguments))}: {done.returncode}: {done.stderr}"
    return done.stdout


def save(path, nodes, constants, x_shape, opset, x_type=TensorProto.FLOAT, y_type=TensorProto.FLOAT, y_rank=2):
    graph = helper.make_graph(nodes, "packed", [helper.make_tensor_value_info("x", x_type, x_shape)],
                              [helper.make_tensor_value_info("y", y_type, [None] * y_rank)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)],
                              ir_version=11 if opset <= 24 else 12)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def peer(path, x):
    """What ONNX Runtime makes of it. Not optimized: its optimizer has products of 4-bit weights with activations of 8 bits."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def ours(path, x, folder, *options):
    numpy.save(folder / "x.npy", x)
    halftone("run", path, "--input", f"x={folder / 'x.npy'}", "--output-dir", folder / "out", "--force", "-q", *options)
    return numpy.load(folder / "out" / "y.npy")


def same(name, a, b, tolerance=TOLERANCE):
    assert a.shape == b.shape and a.dtype == b.dtype, f"{name}: {a.dtype}{a.shape} here, {b.dtype}{b.shape} there"
    bound = tolerance * max(1e-3, numpy.abs(b).max())
    assert numpy.abs(a - b).max() <= bound, f"{name} differs by {numpy.abs(a - b).max()}, allowed is {bound}"


def constants_of(path):
    """Every constant of integers and of floats, in an order that does not depend on names."""
    tensors = onnx.load(path).graph.initializer
    arrays = [(tensor.data_type, numpy_helper.to_array(tensor)) for tensor in tensors if tensor.data_type != TensorProto.INT64]
    return sorted((kind, array.shape, array.tobytes()) for kind, array in arrays)


def layer_of(path):
    """What `halftone info` says about the first matrix product or convolution."""
    layers = json.loads(halftone("info", path, "--json"))["layers"]
    return next(layer for layer in layers if layer["op"] in ("MatMul", "Gemm", "Conv", "ConvTranspose"))


def scales(*shape):
    return RANDOM.uniform(0.01, 0.1, shape).astype(numpy.float32)


def keeps_bytes(name, path, folder):
    """Written again and once more: the onnx checker's opinion, and the same bytes; the file that was written."""
    again, thrice = folder / "again.onnx", folder / "thrice.onnx"
    halftone("convert", path, again, "--force", "-q")
    onnx.checker.check_model(onnx.load(again), full_check=True)
    halftone("convert", again, thrice, "--force", "-q")
    assert again.read_bytes() == thrice.read_bytes(), f"{name}: written a third time, the file differs"
    return again
