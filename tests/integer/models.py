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


def sums(folder):
    """Elementwise operators of two tensors: what ONNX means by the nodes is what they give one by one; ONNX Runtime's own
    integer kernels order the float arithmetic otherwise, and may be a step off."""
    for kind in ("u8", "i8"):
        for op in ("Add", "Sub", "Mul"):
            for prefix in ("plain", "near"):
                net = Network(f"{prefix}_{op.lower()}_{kind}", [2, 3, 6, 5], kind)
                x = net.pair("x", 0.0093, 117 if kind == "u8" else -9)
                z = net.pair(net.node("Neg", x), 0.0131, 101 if kind == "u8" else 7)
                net.save(folder, net.pair(net.node(op, x, z), 0.0171, 131 if kind == "u8" else 4))
    net = Network("plain_add_relu_constant", [2, 3, 6, 5])
    z, _ = net.weights([3, 1, 5])
    y = net.node("Relu", net.node("Add", net.pair("x", 0.0093, 117), z))
    net.save(folder, net.pair(y, 0.0171, 3))


def functions(folder):
    """Functions of one tensor; the mathematical libraries differ in last places, which seldom shows."""
    cases = {
        "Sigmoid": {}, "Tanh": {}, "HardSwish": {}, "LeakyRelu": {"alpha": 0.13}, "Elu": {"alpha": 0.7}, "Exp": {},
        "Erf": {}, "Softplus": {}, "HardSigmoid": {}, "Abs": {}, "Neg": {}, "Relu": {}, "Softmax": {"axis": -1}, "LogSoftmax": {"axis": -1},
        "Gelu": {}, "Mish": {}, "Selu": {}, "Celu": {"alpha": 0.7}, "Softsign": {}, "ThresholdedRelu": {"alpha": 0.3},
    }
    for op, attributes in cases.items():
        for kind in ("u8", "i8", "u16", "i16"):
            net = Network(f"near_{op.lower()}_{kind}", [2, 5, 40], kind)
            wide = kind.endswith("16")
            step = 256 if wide else 1
            x = net.pair("x", 0.02 / step, (117 if kind[0] == "u" else -9) * step)
            y = net.node(op, x, **attributes)
            net.save(folder, net.pair(y, 0.0131 / step, (101 if kind[0] == "u" else 7) * step))


def pools(folder):
    for kind in ("u8", "i8"):
        zero = 117 if kind == "u8" else -9
        cases = [
            ("plain_max", "MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 0, 0]}),
            ("near_average", "AveragePool", {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]}),
            ("near_average_all", "AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
            ("near_global", "GlobalAveragePool", {}),
            ("near_mean", "ReduceMean", {"keepdims": 0}),
        ]
        for name, op, attributes in cases:
            net = Network(f"{name}_{kind}", [2, 5, 9, 8], kind)
            x = net.pair("x", 0.0093, zero)
            inputs = [x, net.constant(numpy.array([2, 3]))] if op == "ReduceMean" else [x]
            y = net.node(op, *inputs, **attributes)
            net.save(folder, net.pair(y, 0.0093 if op == "MaxPool" else 0.0041, zero))


def moves(folder):
    net = Network("exact_moves", [2, 3, 8, 8])
    x = net.pair("x", 0.0093, 117)
    w, scale = net.weights([6, 3, 3, 3], 0)
    y = net.node("Conv", x, w, pads=[1, 1, 1, 1])  # quantized behind the moves only
    y = net.node("MaxPool", net.node("Relu", y), kernel_shape=[2, 2], strides=[2, 2])
    y = net.node("Transpose", y, perm=[0, 2, 3, 1])
    y = net.node("Reshape", y, net.constant(numpy.array([2, -1])))
    y = net.pair(y, 0.0171, 0)
    parts = [net.node("Slice", y, *[net.constant(numpy.array([v])) for v in (begin, begin + 40, 1)]) for begin in (0, 56)]
    net.save(folder, net.pair(net.node("Concat", *parts, axis=1), 0.02, 5))


def more(folder):
    """Operators that ONNX Runtime has in float only, which move codes or compute with one rounding."""
    for kind in ("u8", "i8"):
        zero = 117 if kind == "u8" else -9
        for groups, channel in ((1, None), (1, 1), (2, None)):
            net = Network(f"near_conv_transpose_{kind}_{groups}{'_channel' if channel else ''}", [2, 4, 7, 6], kind)
            x = net.pair("x", 0.0093, zero)
            w, scale = net.weights([4, 6 // groups, 3, 3], channel)
            inputs = [x, w, net.bias(6, numpy.float32(0.0093) * scale)]
            y = net.node("ConvTranspose", *inputs, group=groups, strides=[2, 2], pads=[1, 1, 0, 0], output_padding=[1, 0])
            net.save(folder, net.pair(y, 0.0391, zero))
        for mode in ("nearest", "linear", "cubic"):
            for scales in ([1, 1, 2, 2], [1, 1, 0.6, 1.7]):
                net = Network(f"near_resize_{mode}_{'up' if scales[2] == 2 else 'both'}_{kind}", [2, 3, 9, 7], kind)
                x = net.pair("x", 0.0093, zero)
                y = net.node("Resize", x, "", net.constant(numpy.array(scales, numpy.float32)), mode=mode)
                net.save(folder, net.pair(y, 0.0093 if mode == "nearest" else 0.0101, zero + 2))
        for mode in ("constant", "reflect", "edge"):
            net = Network(f"plain_pad_{mode}_{kind}", [2, 3, 9, 7], kind)
            inputs = [net.pair("x", 0.0093, zero), net.constant(numpy.array([0, 1, 2, 3, 0, 0, 1, 2]))]
            inputs += [net.constant(numpy.float32(0.31))] if mode == "constant" else []
            net.save(folder, net.pair(net.node("Pad", *inputs, mode=mode), 0.0101, zero + 2))
        for op in ("Max", "Min"):
            net = Network(f"plain_{op.lower()}_{kind}", [2, 3, 6, 5], kind)
            x = net.pair("x", 0.0093, zero)
            z = net.pair(net.node("Neg", x), 0.0131, 101 if kind == "u8" else 7)
            net.save(folder, net.pair(net.node(op, x, z), 0.0171, 131 if kind == "u8" else 4))
        net = Network(f"plain_moves_{kind}", [2, 8, 4, 6], kind)
        x = net.pair("x", 0.0093, zero)
        y = net.node("DepthToSpace", x, blocksize=2)
        y = net.node("SpaceToDepth", net.pair(y, 0.0093, zero), blocksize=2)
        net.nodes.append(helper.make_node("Split", [net.pair(y, 0.0093, zero)], ["left", "right"], axis=1, num_outputs=2))
        y = net.node("Concat", net.pair("right", 0.0093, zero), net.pair("left", 0.0093, zero), axis=1)
        y = net.node("ReduceMax", net.pair(y, 0.0093, zero), net.constant(numpy.array([3])), keepdims=0)
        y = net.node("Tile", net.pair(y, 0.0093, zero), net.constant(numpy.array([1, 2, 1])))
        y = net.node("Div", net.pair(y, 0.0093, zero), net.constant(numpy.float32(1.7)))
        net.save(folder, net.pair(y, 0.0071, zero))


def networks(folder):
    """A small residual network as ONNX Runtime's quantizer writes it."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Samples(CalibrationDataReader):
        def __init__(self):
            self.left = [{"x": RANDOM.uniform(-1, 1, [1, 3, 16, 16]).astype(numpy.float32)} for _ in range(8)]

        def get_next(self):
            return self.left.pop() if self.left else None

    def weight(*shape):
        name = f"w{len(constants)}"
        constants.append(numpy_helper.from_array(RANDOM.normal(0, 0.2, shape).astype(numpy.float32), name))
        return name

    constants, node = [], helper.make_node
    nodes = [
        node("Conv", ["x", weight(8, 3, 3, 3), weight(8)], ["a"], pads=[1, 1, 1, 1]),
        node("Relu", ["a"], ["b"]),
        node("Conv", ["b", weight(8, 1, 3, 3), weight(8)], ["c"], pads=[1, 1, 1, 1], group=8),
        node("Clip", ["c", "zero", "six"], ["d"]),
        node("Conv", ["d", weight(8, 8, 1, 1), weight(8)], ["e"]),
        node("Add", ["b", "e"], ["f"]),
        node("Relu", ["f"], ["g"]),
        node("MaxPool", ["g"], ["h"], kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", ["h"], ["i"]),
        node("Flatten", ["i"], ["j"]),
        node("Gemm", ["j", weight(10, 8), weight(10)], ["k"], transB=1),
        node("Softmax", ["k"], ["y"]),
    ]
    constants += [numpy_helper.from_array(numpy.float32(v), n) for n, v in (("zero", 0.0), ("six", 6.0))]
    shape = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])
    model = helper.make_model(helper.make_graph(nodes, "net", [shape], [output], constants))
    model.opset_import[0].version, model.ir_version = 17, 8
    onnx.save(model, str(folder / "float.onnx"))
    for channel in (False, True):
        for kind in (QuantType.QUInt8, QuantType.QInt8):
            name = f"near_net_{kind.name.lower()}{'_channel' if channel else ''}"
            quantize_static(str(folder / "float.onnx"), str(folder / f"{name}.onnx"), Samples(), QuantFormat.QDQ,
                            per_channel=channel, activation_type=kind, weight_type=QuantType.QInt8)
            write(folder, name, onnx.load(str(folder / f"{name}.onnx")))
    from onnxruntime.quantization import quantize_dynamic

    name = "near_net_qoperator"
    quantize_static(str(folder / "float.onnx"), str(folder / f"{name}.onnx"), Samples(), QuantFormat.QOperator,
                    per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    write(folder, name, onnx.load(str(folder / f"{name}.onnx")))
    quantize_dynamic(str(folder / "float.onnx"), str(folder / "real_net_dynamic.onnx"), weight_type=QuantType.QUInt8)
    write(folder, "real_net_dynamic", onnx.load(str(folder / "real_net_dynamic.onnx")))
    (folder / "float.onnx").unlink()


def main():
    folder = pathlib.Path(sys.argv[1])
    convolutions(folder)
    products(folder)
    sums(folder)
    functions(folder)
    pools(folder)
    moves(folder)
    more(folder)
    networks(folder)


if __name__ == "__main__":
    main()
