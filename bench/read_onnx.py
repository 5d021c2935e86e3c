"""Time from file to ready model: halftone info against ONNX Runtime's session creation without optimizations, in turn.

usage: bench_read.py HALFTONE [MEGABYTES]   (the program; the size of the model that is made, 100 by default)
"""

import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

ROUNDS = 7


def make_model(path, megabytes):
    """MatMul and Relu in turn; each weight is 1024 x 1024, 4 MiB."""
    generator = numpy.random.default_rng(0)
    nodes, weights, last = [], [], "x"
    for index in range(max(1, megabytes // 4)):
        matrix = (generator.standard_normal((1024, 1024)) * 0.03).astype(numpy.float32)
        weights.append(numpy_helper.from_array(matrix, f"w{index}"))
        nodes.append(helper.make_node("MatMul", [last, f"w{index}"], [f"h{index}"]))
        nodes.append(helper.make_node("Relu", [f"h{index}"], [f"r{index}"]))
        last = f"r{index}"
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1024])]
    outputs = [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["N", 1024])]
    graph = helper.make_graph(nodes, "large", inputs, outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def create_session(path):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main():
    program, megabytes = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "large.onnx")
        make_model(path, megabytes)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(seconds(lambda: subprocess.run([program, "info", "--no-layers", path], check=True,
                                                       stdout=subprocess.DEVNULL)))
            theirs.append(seconds(lambda: create_session(path)))
        size = pathlib.Path(path).stat().st_size / 1e6
    for name, times in (("halftone info (a whole process)", ours), ("ONNX Runtime session", theirs)):
        print(f"{name:32} {size:.0f} MB  median {numpy.median(times) * 1e3:.0f} ms, "
              f"{min(times) * 1e3:.0f} to {max(times) * 1e3:.0f}")


if __name__ == "__main__":
    main()
