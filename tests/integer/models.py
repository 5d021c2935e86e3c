"""Makes small quantized models as ONNX files, with random inputs, and what ONNX Runtime computes from them.

usage: models.py FOLDER   (writes NAME.onnx, NAME.in0.bin, NAME.out0.bin, NAME.plain0.bin)

out: ONNX Runtime as it comes, with its integer kernels; plain: with optimizations off, every node as it is written.
"""

import pathlib
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RANDOM = numpy.random.default_rng(3)
TYPES = {"u8": numpy.uint8, "i8": numpy.int8, "u16": numpy.uint16, "i16": numpy.int16}


class Network:
    """Nodes and constants of one model, whose activations pass through Quantize/Dequantize pairs."""

    def __init__(self, name, shape, kind="u8", opset=21):
        self.name, self.kind, self.opset = name, kind, opset
        self.nodes, self.constants = [], []
        self.inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
        self.shapes = {"x": shape}
        self.count = 0

    def fresh(self, word):
        self.count += 1
        return f"{word}{self.count}"

    def constant(self, array, word="c"):
        name = self.fresh(word)
        self.constants.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def node(self, op, *inputs, **attributes):
        name = self.fresh("v")
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def pair(self, x, scale, zero, kind=None):
        parameters = [
            self.constant(numpy.float32(scale)),
            self.constant(TYPES[kind or self.kind](zero)),
        ]
        codes = self.node("QuantizeLinear", x, *parameters)
        return self.node("DequantizeLinear", codes, *parameters)

    def weights(self, shape, channel=None, kind="i8", symmetric=True):
        """A quantized constant; its scales."""
        limits = numpy.iinfo(TYPES[kind])
        codes = RANDOM.integers(limits.min, limits.max + 1, shape).astype(TYPES[kind])
        groups = 1 if channel is None else shape[channel]
        scale = RANDOM.uniform(0.002, 0.01, groups).astype(numpy.float32)
        zero = numpy.zeros(groups, TYPES[kind])
        if not symmetric:
            zero = RANDOM.integers(limits.min, limits.max + 1, groups).astype(TYPES[kind])
        if channel is None:
            scale, zero = scale[0], zero[0]
        attributes = {} if channel is None else {"axis": channel}
        name = self.node("DequantizeLinear", self.constant(codes), self.constant(scale), self.constant(zero), **attributes)
        return name, scale

    def bias(self, count, scale):
        codes = RANDOM.integers(-3000, 3000, count).astype(numpy.int32)
        scale = numpy.asarray(scale, numpy.float32)
        attributes = {"axis": 0} if scale.ndim else {}
        zero = numpy.zeros(scale.shape, numpy.int32)
        return self.node("DequantizeLinear", self.constant(codes), self.constant(scale), self.constant(zero), **attributes)

    def save(self, folder, y):
        output = helper.make_tensor_value_info(y, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, self.name, self.inputs, [output], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 10
        write(folder, self.name, model)


def session(path, optimized):
    options = onnxruntime.SessionOptions()
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimized else level.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def write(folder, name, model, low=-1.2, high=1.2):
    path = str(folder / f"{name}.onnx")
    onnx.save(model, path)
    runtime = session(path, True)
    shape = runtime.get_inputs()[0].shape
    feed = {runtime.get_inputs()[0].name: RANDOM.uniform(low, high, shape).astype(numpy.float32)}
    next(iter(feed.values())).tofile(folder / f"{name}.in0.bin")
    runtime.run(None, feed)[0].tofile(folder / f"{name}.out0.bin")
    session(path, False).run(None, feed)[0].tofile(folder / f"{name}.plain0.bin")


def convolutions(folder):
    cases = [
        ("conv", [2, 5, 9, 8], [7, 5, 3, 3], {"pads": [1, 1, 1, 1]}),
        ("conv_strided", [1, 16, 11, 9], [24, 16, 3, 3], {"strides": [2, 2], "pads": [0, 1, 1, 0]}),
        ("conv_pointwise", [2, 32, 5, 5], [33, 32, 1, 1], {}),
        ("conv_depthwise", [1, 24, 10, 10], [24, 1, 3, 3], {"group": 24, "pads": [1, 1, 1, 1]}),
        ("conv_grouped", [1, 12, 7, 7], [18, 4, 3, 3], {"group": 3, "pads": [1, 1, 1, 1]}),
        ("conv_dilated", [1, 4, 12, 12], [6, 4, 3, 3], {"dilations": [2, 2]}),
        ("conv_1d", [2, 6, 20], [5, 6, 5], {"strides": [2]}),
        ("conv_3d", [1, 3, 6, 7, 5], [4, 3, 3, 2, 3], {}),
    ]
    for name, x_shape, w_shape, attributes in cases:
        for kind in ("u8", "i8"):
            for channel in (None, 0):
                for end in ("", "relu", "clip"):
                    add_convolution(folder, name, x_shape, w_shape, attributes, kind, channel, end)


def add_convolution(folder, name, x_shape, w_shape, attributes, kind, channel, end):
    net = Network(f"exact_{name}_{kind}{'_channel' if channel == 0 else ''}{'_' + end if end else ''}", x_shape, kind)
    x_scale = numpy.float32(0.0093)
    x = net.pair("x", x_scale, 117 if kind == "u8" else -9)
    w, w_scale = net.weights(w_shape, channel, "i8")
    b = net.bias(w_shape[0], x_scale * w_scale)
    y = net.node("Conv", x, w, b, **attributes)
    if end == "relu":
        y = net.node("Relu", y)
    if end == "clip":
        y = net.node("Clip", y, net.constant(numpy.float32(0)), net.constant(numpy.float32(1.7)))
    net.save(folder, net.pair(y, 0.0271, 131 if kind == "u8" else 4))


def products(folder):
    for kind in ("u8", "i8"):
        for channel in (None, 0):
            net = Network(f"exact_gemm_{kind}{'_channel' if channel == 0 else ''}", [3, 50], kind)
            x_scale = numpy.float32(0.0093)
            x = net.pair("x", x_scale, 117 if kind == "u8" else -9)
            w, w_scale = net.weights([20, 50], channel)
            y = net.node("Gemm", x, w, net.bias(20, x_scale * w_scale), transB=1)
            net.save(folder, net.pair(y, 0.0391, 131 if kind == "u8" else 4))
        net = Network(f"exact_matmul_{kind}", [2, 3, 40], kind)
        x = net.pair("x", 0.0093, 117 if kind == "u8" else -9)
        w, _ = net.weights([40, 24], None, kind, False)
        net.save(folder, net.pair(net.node("MatMul", x, w), 0.0391, 131 if kind == "u8" else 4))


def main():
    folder = pathlib.Path(sys.argv[1])
    convolutions(folder)
    products(folder)


if __name__ == "__main__":
    main()
