"""Prints the operators that ONNX Runtime runs a model with, each with its number, after its own fusions.

usage: fused.py MODEL
"""

import collections
import pathlib
import sys
import tempfile

import onnx
import onnxruntime

with tempfile.TemporaryDirectory() as folder:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(pathlib.Path(folder) / "fused.onnx")
    onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
    operators = collections.Counter(node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node)
for name, count in sorted(operators.items()):
    print(name, count)
