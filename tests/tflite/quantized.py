"""A statically quantized network as TFLite in LiteRT and as ONNX in ONNX Runtime: the same classes, with symmetric weights
in integers throughout.

usage: quantized.py MODEL.tflite MODEL.onnx LEVELS
"""

import sys

import numpy
import onnxruntime
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

SAMPLES = 64
STEPS = 0.02  # of the largest output: the two round sums in different ways


def float_products(path):
    """Convolutions and products that do not work on codes."""
    with open(path, "rb") as file:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(file.read(), 0))
    products = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D,
                schema.BuiltinOperator.FULLY_CONNECTED)
    graph = model.subgraphs[0]
    return sum(model.operatorCodes[op.opcodeIndex].builtinCode in products
               and graph.tensors[op.inputs[0]].type != schema.TensorType.INT8 for op in graph.operators)


def main():
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(sys.argv[2], options, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0]
    inputs = numpy.random.default_rng(0).random((SAMPLES, *taken.shape[1:]), dtype=numpy.float32)
    theirs = session.run(None, {taken.name: inputs})[0]

    interpreter = Interpreter(sys.argv[1], experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, inputs.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, inputs)
    interpreter.invoke()
    ours = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    apart = numpy.abs(ours - theirs).max() / numpy.abs(theirs).max()
    agree = (ours.argmax(1) == theirs.argmax(1)).mean()
    left = float_products(sys.argv[1])
    print(f"quantized: {agree:.0%} of the classes agree, outputs differ by {apart:.2%}, {left} products in float")
    return 1 if agree < 0.99 or apart > STEPS or (left and sys.argv[3] == "symmetric") else 0


if __name__ == "__main__":
    sys.exit(main())
