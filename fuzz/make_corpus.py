"""Makes the seeds of the fuzzers that others than our own writers make: ONNX models with functions and with data in another
file, TFLite models with subgraphs, states, halves, wide codes and a detector's last step.

usage: make_corpus.py CORPUS   (fuzz/corpus: writes CORPUS/onnx/made_*.onnx and CORPUS/tflite/made_*.tflite)
"""
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests" / "onnx"), str(ROOT / "tests" / "tflite")]

import functions
import host_operators
import kinds
from onnx import TensorProto, helper, parser

# What fuzz_onnx.c has in its folder.
DATA_FILE, DATA_BYTES = "data.bin", 4096


def with_data():
    tensors = []
    for name, kind, dims, offset in (("a", TensorProto.FLOAT, [4, 8], "0"), ("b", TensorProto.INT4, [9], "129")):
        tensor = TensorProto(name=name, data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
        length = 128 if kind == TensorProto.FLOAT else 5
        for key, value in (("location", DATA_FILE), ("offset", offset), ("length", str(length))):
            tensor.external_data.add(key=key, value=value)
        tensors.append(tensor)
    nodes = [helper.make_node("MatMul", ["x", "a"], ["y"]),
             helper.make_node("Cast", ["b"], ["z"], to=TensorProto.FLOAT)]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [info("x", TensorProto.FLOAT, [2, 4])],
                              [info("y", TensorProto.FLOAT, [2, 8]), info("z", TensorProto.FLOAT, [9])], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


LOOP = functions.HEAD + """
    agraph (float[4] x, bool c) => (float[4] y) {
        y = Loop (, c, x) <body = g1 (int64 i, bool before, float[4] v) => (bool after, float[4] w) {
            w = Tanh (v)  after = Not (before)
        }>
    }
    """


def main():
    corpus = pathlib.Path(sys.argv[1])
    models = {f"function_{name}": parser.parse_model(text) for name, text in functions.MODELS.items()}
    models |= {"function_overloads": functions.overloads(), "function_graph": functions.graph_attribute(),
               "external": with_data(), "loop": parser.parse_model(LOOP)}
    for name, model in models.items():
        (corpus / "onnx" / f"made_{name}.onnx").write_bytes(model.SerializeToString())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        next(host_operators.branches(folder, True))
        next(host_operators.loops(folder, True))
        host_operators.detector(folder, "seed", 4, 2, 1, max_detections=2)
        kinds.lstm(folder, "seed", "float32", batch=1, steps=2, inputs=2, units=2, clip=1.0)
        kinds.svdf(folder, "seed", "tensor", 1, True, batch=1, inputs=3, units=2, memory=3)
        kinds.integer_lstm(folder, "seed", batch=1, steps=2, inputs=2, units=2)
        kinds.variables(folder)
        next(host_operators.branches_of_codes(folder))
        kinds.seed(folder)
        for path in folder.glob("*.tflite"):
            (corpus / "tflite" / f"made_{path.name}").write_bytes(path.read_bytes())


if __name__ == "__main__":
    main()
