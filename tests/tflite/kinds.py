"""Makes TFLite models of the kinds that TensorFlow's converter writes: halves, dynamic range, int16 activations with int8
weights, recurrent layers with their states; for test_models and oracle.py.

usage: kinds.py FOLDER
"""
import pathlib
import sys

import numpy
from ai_edge_litert import schema_py_generated as schema
from singles import OPERATORS, RANDOM, Single, with_fields

TANH = schema.ActivationFunctionType.TANH
RELU = schema.ActivationFunctionType.RELU


def uniform(*shape):
    return RANDOM.uniform(-0.5, 0.5, shape).astype(numpy.float32)


class Network(Single):
    def real(self, shape):
        return self.tensor(shape, "float32")

    def real_input(self, shape):
        self.graph.inputs.append(self.real(shape))
        return self.graph.inputs[-1]

    def variable(self, shape, kind="float32", scale=None, zero=None):
        index = self.tensor(shape, kind, scale, zero)
        self.graph.tensors[index].isVariable = True
        return index

    def weights(self, how, *shape, axis=0):
        """A constant as f32, as codes with a scale for each channel or one, or as halves behind a DEQUANTIZE."""
        values = uniform(*shape)
        if how == "float32":
            return self.tensor(shape, "float32", data=values)
        if how == "float16":
            half = self.tensor(shape, "float16", data=values.astype(numpy.float16))
            real = self.real(shape)
            self.add(OPERATORS.DEQUANTIZE, [half], [real])
            return real
        others = tuple(i for i in range(len(shape)) if i != axis) if how == "channel" else None
        scale = numpy.abs(values).max(axis=others, keepdims=True) / 127
        codes = numpy.round(values / scale).astype(numpy.int8)
        return self.tensor(shape, "int8", scale.ravel(), None, codes, axis)


def convolutional(folder, how, name):
    net = Network("float32")
    x = net.real_input([1, 9, 8, 3])
    w, b = net.weights(how, 6, 3, 3, 3), net.weights("float16" if how == "float16" else "float32", 6)
    h = net.real([1, 5, 4, 6])
    net.add(OPERATORS.CONV_2D, [x, w, b], [h],
            with_fields(schema.Conv2DOptionsT(), strideH=2, strideW=2, fusedActivationFunction=RELU), 5)
    w = net.weights(how, 1, 3, 3, 6, axis=3)
    d = net.real([1, 5, 4, 6])
    b = net.tensor([6], "float32", data=uniform(6))
    net.add(OPERATORS.DEPTHWISE_CONV_2D, [h, w, b], [d],
            with_fields(schema.DepthwiseConv2DOptionsT(), strideH=1, strideW=1, depthMultiplier=1), 6)
    m = net.real([1, 6])
    net.add(OPERATORS.MEAN, [d, net.numbers([1, 2])], [m], schema.ReducerOptionsT())
    y = net.real([1, 10])
    net.add(OPERATORS.FULLY_CONNECTED, [m, net.weights("tensor" if how == "channel" else how, 10, 6), -1], [y],
            schema.FullyConnectedOptionsT(), 9)
    net.write(folder / f"{name}.tflite", [y])


def halves_and_dynamic(folder):
    convolutional(folder, "float32", "kind_float")
    convolutional(folder, "float16", "kind_halves")
    convolutional(folder, "channel", "kind_dynamic")
    convolutional(folder, "tensor", "kind_dynamic_tensor")
    net = Network("float32")  # a table of halves, and a product whose inputs are quantized with a zero point
    x = net.real_input([3, 24])
    y, z = net.real([3, 40]), net.real([3, 7])
    net.add(OPERATORS.FULLY_CONNECTED, [x, net.weights("tensor", 40, 24), net.weights("float16", 40)], [y],
            with_fields(schema.FullyConnectedOptionsT(), asymmetricQuantizeInputs=True, fusedActivationFunction=RELU), 9)
    net.add(OPERATORS.FULLY_CONNECTED, [y, net.weights("float16", 7, 40), net.weights("float16", 7)], [z],
            schema.FullyConnectedOptionsT(), 9)
    net.write(folder / "kind_mixed.tflite", [z])


# ---- int16 activations, int8 weights ----

def wide(net, shape, scale):
    return net.tensor(shape, "int16", scale, 0)


def wide_bias(net, kind, scales, x_scale):
    size = len(scales)
    dtype = numpy.int64 if kind == "int64" else numpy.int32
    return net.tensor([size], kind, scales * x_scale, None, RANDOM.integers(-40000, 40000, size).astype(dtype))


def codes(net, shape, axis, channels):
    scales = RANDOM.uniform(0.002, 0.006, channels).astype(numpy.float32)
    return net.tensor(shape, "int8", scales, None, RANDOM.integers(-127, 128, shape).astype(numpy.int8), axis), scales


def int16x8(folder):
    for bias in ("int64", "int32"):
        sums = getattr(schema.TensorType, bias.upper())
        net = Network("int16")
        x = net.input([1, 9, 8, 5], 0.00031)
        w, scales = codes(net, [6, 3, 3, 5], 0, 6)
        h = wide(net, [1, 5, 4, 6], 0.00043)
        net.add(OPERATORS.CONV_2D, [x, w, wide_bias(net, bias, scales, 0.00031)], [h],
                with_fields(schema.Conv2DOptionsT(), strideH=2, strideW=2, fusedActivationFunction=RELU,
                            quantizedBiasType=sums), 8)
        w, scales = codes(net, [1, 3, 3, 12], 3, 12)
        d = wide(net, [1, 3, 2, 12], 0.00052)
        net.add(OPERATORS.DEPTHWISE_CONV_2D, [h, w, wide_bias(net, "int64", scales, 0.00043)], [d],
                with_fields(schema.DepthwiseConv2DOptionsT(), strideH=1, strideW=1, depthMultiplier=2,
                            padding=schema.Padding.VALID), 7)
        w, scales = codes(net, [10, 72], 0, 1)
        y = wide(net, [1, 10], 0.0019)
        b = wide_bias(net, bias, scales.repeat(10), 0.00052)
        net.graph.tensors[b].quantization.scale = scales * numpy.float32(0.00052)  # one for all of it
        net.graph.tensors[b].quantization.zeroPoint = numpy.zeros(1, numpy.int64)
        net.add(OPERATORS.FULLY_CONNECTED, [d, w, b], [y],
                with_fields(schema.FullyConnectedOptionsT(), quantizedBiasType=sums), 12)
        net.write(folder / f"kind_int16x8_{bias}.tflite", [y])
        net = Network("int16")
        x = net.input([1, 5, 6, 3], 0.00031)
        w, scales = codes(net, [4, 3, 3, 3], 0, 4)
        y = wide(net, [1, 10, 12, 4], 0.00037)
        net.save(folder / f"kind_int16_transpose_conv_{bias}.tflite", OPERATORS.TRANSPOSE_CONV,
                 [net.numbers([1, 10, 12, 4]), w, x, wide_bias(net, bias, scales, 0.00031)], [y],
                 with_fields(schema.TransposeConvOptionsT(), strideH=2, strideW=2, padding=schema.Padding.SAME,
                             quantizedBiasType=sums), 5)


def int16_functions(folder):
    for word in ("LOGISTIC", "TANH"):
        for scale in (1 / 4096, 1 / 2048, 0.00031, 0.0017, 1 / 65536):
            net = Network("int16")
            x = net.input([40, 1000], scale)
            net.save(folder / f"kind_int16_{word.lower()}_{1 / scale:.0f}.tflite", getattr(OPERATORS, word), [x],
                     [wide(net, [40, 1000], 1 / 32768)], None, 3)
    for scale in (0.0007, 0.00005, 0.004):
        net = Network("int16")
        x = net.input([30, 6, 50], scale)
        net.save(folder / f"kind_int16_softmax_{1 / scale:.0f}.tflite", OPERATORS.SOFTMAX, [x],
                 [wide(net, [30, 6, 50], 1 / 32768)], with_fields(schema.SoftmaxOptionsT(), beta=1.0), 3)
    net = Network("int16")
    x = net.input([2, 300], 0.0003)
    net.save(folder / "kind_int16_leaky_relu.tflite", OPERATORS.LEAKY_RELU, [x], [wide(net, [2, 300], 0.0004)],
             with_fields(schema.LeakyReluOptionsT(), alpha=0.13))
    for word, options in (("ADD", schema.AddOptionsT), ("SUB", schema.SubOptionsT), ("MUL", schema.MulOptionsT)):
        net = Network("int16")
        x, z = net.input([1, 4, 5, 3], 0.00031), net.input([1, 4, 5, 3], 0.00027)
        made = options() if word == "MUL" else with_fields(options(), potScaleInt16=False)
        net.save(folder / f"kind_int16_{word.lower()}.tflite", getattr(OPERATORS, word), [x, z],
                 [wide(net, [1, 4, 5, 3], 0.00041)], made, {"ADD": 4, "SUB": 5, "MUL": 4}[word])
    for word in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        net = Network("int16")
        x = net.input([1, 8, 8, 3], 0.00031)
        net.save(folder / f"kind_int16_{word.lower()}.tflite", getattr(OPERATORS, word), [x],
                 [wide(net, [1, 4, 4, 3], 0.00031)],
                 with_fields(schema.Pool2DOptionsT(), strideH=2, strideW=2, filterHeight=2, filterWidth=2), 3)
    net = Network("int16")
    parts = [net.input([1, 4, 5, 3], 0.00031), net.input([1, 4, 5, 2], 0.00031)]
    net.save(folder / "kind_int16_concatenation.tflite", OPERATORS.CONCATENATION, parts,
             [wide(net, [1, 4, 5, 5], 0.00031)], with_fields(schema.ConcatenationOptionsT(), axis=3), 3)


# ---- recurrent layers ----

def lstm(folder, name, how, batch=2, steps=5, inputs=7, units=6, clip=0.0, time_major=False, coupled=False, peepholes=False,
         projection=0, projection_biased=True, projection_clip=0.0, norms=False):
    net = Network("float32")
    first, second = (steps, batch) if time_major else (batch, steps)
    outputs = projection or units
    x = net.real_input([first, second, inputs])
    operands = [x]

    def each_gate(used, how, *shape):
        return [net.weights(how, *shape) if used and not (coupled and gate == 0) else -1 for gate in range(4)]

    for width in (inputs, outputs):
        operands += each_gate(True, how, units, width)
    seen = each_gate(peepholes, how, units)
    operands += [seen[0], seen[1], seen[3]]
    operands += each_gate(True, "float32", units)
    operands += [net.weights(how, outputs, units) if projection else -1,
                 net.weights("float32", outputs) if projection and projection_biased else -1]
    operands += [net.variable([batch, outputs]), net.variable([batch, units])]
    operands += each_gate(norms, "float32", units)
    y = net.real([first, second, outputs])
    net.add(OPERATORS.UNIDIRECTIONAL_SEQUENCE_LSTM, operands, [y],
            with_fields(schema.UnidirectionalSequenceLSTMOptionsT(), fusedActivationFunction=TANH, cellClip=clip,
                        projClip=projection_clip, timeMajor=time_major), 4)
    net.write(folder / f"kind_lstm_{name}.tflite", [y])


def integer_lstm(folder, name, batch=2, steps=5, inputs=7, units=6, clip=0.0, time_major=False, coupled=False, zero=9,
                 cell=-11, wide=1.0):
    """int8 throughout but for cells of int16; `wide` makes gates that saturate."""
    net = Network("int8")
    first, second = (steps, batch) if time_major else (batch, steps)
    x = net.input([first, second, inputs], 0.0117, -5)
    operands = [x]
    scales = RANDOM.uniform(0.004, 0.01, 8) * wide
    for place, width in ((0, inputs), (4, units)):
        operands += [-1 if coupled and gate == 0 else
                     net.tensor([units, width], "int8", scales[place + gate], 0,
                                RANDOM.integers(-127, 128, (units, width)).astype(numpy.int8)) for gate in range(4)]
    operands += [-1, -1, -1]
    operands += [-1 if coupled and gate == 0 else
                 net.tensor([units], "int32", scales[gate] * 0.0117, 0, RANDOM.integers(-9000, 9000, units).astype(numpy.int32))
                 for gate in range(4)]
    operands += [-1, -1, net.variable([batch, units], "int8", 0.0079, zero), net.variable([batch, units], "int16", 2.0**cell, 0),
                 -1, -1, -1, -1]
    between = [net.real([0]) for _ in range(4)] + [net.tensor([0], "int8", 0.0079, zero)]
    y = net.tensor([first, second, units], "int8", 0.0079, zero)
    net.add(OPERATORS.UNIDIRECTIONAL_SEQUENCE_LSTM, operands, [y],
            with_fields(schema.UnidirectionalSequenceLSTMOptionsT(), fusedActivationFunction=TANH, cellClip=clip,
                        timeMajor=time_major), 4)
    net.graph.operators[-1].intermediates = between
    net.write(folder / f"kind_lstm_int8_{name}.tflite", [y])


def svdf(folder, name, how, rank, biased, batch=2, inputs=12, units=5, memory=7):
    net = Network("float32")
    x = net.real_input([batch, inputs])
    operands = [x, net.weights(how, rank * units, inputs), net.weights("float16" if how == "float16" else "float32",
                                                                       rank * units, memory)]
    operands += [net.weights("float32", units) if biased else -1, net.variable([batch, rank * units * memory])]
    y = net.real([batch, units])
    net.add(OPERATORS.SVDF, operands, [y], with_fields(schema.SVDFOptionsT(), rank=rank, fusedActivationFunction=RELU), 4)
    net.write(folder / f"kind_svdf_{name}.tflite", [y])


def recurrent(folder):
    lstm(folder, "plain", "float32")
    lstm(folder, "clipped", "float32", clip=0.2)
    lstm(folder, "halves", "float16")
    lstm(folder, "time_major", "float32", time_major=True)
    lstm(folder, "coupled", "float32", coupled=True)
    lstm(folder, "dynamic", "tensor", clip=0.7)
    lstm(folder, "peepholes", "float32", peepholes=True)
    lstm(folder, "peepholes_coupled", "float32", peepholes=True, coupled=True)
    lstm(folder, "projection", "float32", projection=4)
    lstm(folder, "projection_clipped", "float32", projection=9, projection_biased=False, projection_clip=0.03, clip=0.5)
    lstm(folder, "norms", "float32", norms=True)
    lstm(folder, "everything", "float32", peepholes=True, projection=5, projection_clip=0.1, clip=0.6, norms=True, time_major=True)
    lstm(folder, "everything_coupled", "float32", peepholes=True, projection=5, norms=True, coupled=True)
    integer_lstm(folder, "plain")
    integer_lstm(folder, "clipped", clip=0.4, zero=0)
    integer_lstm(folder, "time_major", time_major=True, cell=-12)
    integer_lstm(folder, "coupled", coupled=True, cell=-10)
    integer_lstm(folder, "coarse", cell=-9, wide=12.0, zero=-20)
    integer_lstm(folder, "fine", cell=-15, wide=3.0, batch=1, steps=40)
    svdf(folder, "dynamic", "tensor", 2, True)
    svdf(folder, "plain", "float32", 1, True)
    svdf(folder, "rank2", "float32", 2, False)
    svdf(folder, "halves", "float16", 2, True)
    svdf(folder, "one", "float32", 1, True, batch=1, memory=1)


# ---- variables ----

class Stateful(Network):
    def handle(self, name):
        index = self.tensor([], "resource")
        options = schema.VarHandleOptionsT()
        options.container, options.sharedName = "", name
        self.add(OPERATORS.VAR_HANDLE, [], [index], options, 1)
        return index

    def read(self, name, like):
        """The variable as a tensor that `like` makes."""
        y = like()
        self.add(OPERATORS.READ_VARIABLE, [self.handle(name)], [y], schema.ReadVariableOptionsT(), 1)
        return y

    def assign(self, name, value):
        self.add(OPERATORS.ASSIGN_VARIABLE, [self.handle(name), value], [], schema.AssignVariableOptionsT(), 1)

    def begin(self, initial):
        """`initial`: by variable, what makes the constant that it is at first."""
        main = self.graph
        self.add(OPERATORS.CALL_ONCE, [], [], with_fields(schema.CallOnceOptionsT(), initSubgraphIndex=1), 1)
        self.subgraph()
        for name, make in initial.items():
            self.assign(name, make())
        self.graph = main


def variables(folder):
    for word, first in (("zeros", numpy.zeros((1, 4))), ("numbers", uniform(1, 4))):  # y = v + x, v becomes y
        net = Stateful("float32")
        x = net.real_input([1, 4])
        net.begin({"v": lambda: net.tensor([1, 4], "float32", data=first.astype(numpy.float32))})
        y = net.real([1, 4])
        net.add(OPERATORS.ADD, [net.read("v", lambda: net.real([1, 4])), x], [y], schema.AddOptionsT(), 1)
        net.assign("v", y)
        net.write(folder / f"kind_variable_{word}.tflite", [y])

    net = Stateful("int8")  # the same on codes; and how many runs there were, doubled within the run

    def codes(scale=0.0173, zero=7):
        return lambda: net.tensor([1, 4], "int8", scale, zero)

    x = net.input([1, 4], 0.0131, -9)
    net.begin({"v": lambda: net.tensor([1, 4], "int8", 0.0173, 7, numpy.array([[7, -20, 90, 0]], numpy.int8)),
               "n": lambda: net.tensor([], "int32", data=numpy.int32(3))})
    y, n, m = codes()(), net.tensor([], "int32"), net.tensor([], "int32")
    net.add(OPERATORS.ADD, [net.read("v", codes()), x], [y], schema.AddOptionsT(), 2)
    net.assign("v", y)
    one = net.tensor([], "int32", data=numpy.int32(1))
    net.add(OPERATORS.ADD, [net.read("n", lambda: net.tensor([], "int32")), one], [n], schema.AddOptionsT(), 1)
    net.assign("n", n)
    net.add(OPERATORS.ADD, [net.read("n", lambda: net.tensor([], "int32")), n], [m], schema.AddOptionsT(), 1)
    net.write(folder / "kind_variable_codes.tflite", [y, m])

    net = Stateful("float32")  # what came in two runs ago
    x = net.real_input([1, 4])
    net.begin({name: lambda: net.tensor([1, 4], "float32", data=uniform(1, 4)) for name in "ba"})
    before, last = (net.read(name, lambda: net.real([1, 4])) for name in "ab")
    net.assign("a", last)
    net.assign("b", x)
    y = net.real([1, 4])
    net.add(OPERATORS.SUB, [before, x], [y], schema.SubOptionsT(), 1)
    net.write(folder / "kind_variable_delay.tflite", [y])


def seed(folder):
    """Halves and int16 activations in little space, for the fuzzer."""
    net = Network("float32")
    x, y = net.real_input([1, 3]), net.real([1, 2])
    net.save(folder / "kind_halves.tflite", OPERATORS.FULLY_CONNECTED, [x, net.weights("float16", 2, 3), -1], [y],
             schema.FullyConnectedOptionsT(), 9)
    net = Network("int16")
    x = net.input([1, 3, 3, 2], 0.0003)
    w, scales = codes(net, [2, 2, 2, 2], 0, 2)
    y = wide(net, [1, 3, 3, 2], 0.0004)
    net.save(folder / "kind_int16x8.tflite", OPERATORS.CONV_2D, [x, w, wide_bias(net, "int64", scales, 0.0003)], [y],
             with_fields(schema.Conv2DOptionsT(), strideH=1, strideW=1), 8)


def main():
    folder = pathlib.Path(sys.argv[1])
    for make in (halves_and_dynamic, int16x8, int16_functions, recurrent, variables):
        make(folder)


if __name__ == "__main__":
    main()
