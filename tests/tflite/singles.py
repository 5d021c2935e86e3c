"""Makes TFLite models of one quantized operator each: what no model at hand has, for test_models and oracle.py.

usage: singles.py FOLDER
"""

import pathlib
import sys

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema

RANDOM = numpy.random.default_rng(11)
CODES = {"int8": (schema.TensorType.INT8, numpy.int8), "uint8": (schema.TensorType.UINT8, numpy.uint8),
         "int16": (schema.TensorType.INT16, numpy.int16)}


class Single:
    """A model, of one operator unless `add` makes more; its inputs are those that `input` made."""

    def __init__(self, kind):
        self.kind = kind
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.subgraphs, self.model.buffers = 3, [self.graph], [schema.BufferT()]
        self.graph.tensors, self.graph.inputs, self.graph.outputs = [], [], []
        self.graph.operators, self.model.operatorCodes = [], []

    def tensor(self, shape, kind=None, scale=None, zero=None, data=None, axis=0):
        tensor = schema.TensorT()
        tensor.name, tensor.shape = f"t{len(self.graph.tensors)}", list(shape)
        kind = kind or self.kind
        tensor.type = getattr(schema.TensorType, kind.upper())
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = numpy.atleast_1d(numpy.asarray(scale, numpy.float32))
            zeros = numpy.zeros(len(tensor.quantization.scale), numpy.int64) if zero is None else [zero]
            tensor.quantization.zeroPoint = numpy.asarray(zeros, numpy.int64)
            tensor.quantization.quantizedDimension = axis
        tensor.buffer = 0
        if data is not None:
            self.model.buffers.append(schema.BufferT())
            self.model.buffers[-1].data = numpy.frombuffer(numpy.ascontiguousarray(data).tobytes(), numpy.uint8)
            tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def zero(self):
        return {"int8": 7, "uint8": 121, "int16": 0}[self.kind]

    def input(self, shape, scale=0.0173, zero=None):
        index = self.tensor(shape, scale=scale, zero=self.zero() if zero is None else zero)
        self.graph.inputs.append(index)
        return index

    def numbers(self, values):
        values = numpy.asarray(values, numpy.int32)
        return self.tensor(values.shape, "int32", data=values)

    def subgraph(self):
        """A further graph, which `tensor`, `input` and `add` go on with; returns its index."""
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.inputs, self.graph.outputs, self.graph.operators = [], [], [], []
        self.model.subgraphs.append(self.graph)
        return len(self.model.subgraphs) - 1

    def add(self, code, inputs, outputs, options=None, version=2):
        op, operator_code = schema.OperatorT(), schema.OperatorCodeT()
        operator_code.builtinCode = code
        operator_code.deprecatedBuiltinCode = min(code, 127)
        operator_code.version = version
        op.opcodeIndex = len(self.model.operatorCodes)
        op.inputs, op.outputs = list(inputs), list(outputs)
        if options is not None:
            name = type(options).__name__.removesuffix("T")
            op.builtinOptionsType, op.builtinOptions = getattr(schema.BuiltinOptions, name), options
        self.graph.operators.append(op)
        self.model.operatorCodes.append(operator_code)

    def write(self, path, outputs):
        self.graph.outputs = list(outputs)
        builder = flatbuffers.Builder(0)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        path.write_bytes(builder.Output())

    def save(self, path, code, inputs, outputs, options=None, version=2):
        self.add(code, inputs, outputs, options, version)
        self.write(path, outputs)


def with_fields(options, **fields):
    for name, value in fields.items():
        setattr(options, name, value)
    return options


OPERATORS = schema.BuiltinOperator


def transposed_convolutions(folder):
    cases = [(2, 3, "SAME", 12), (2, 3, "VALID", 13), (1, 3, "SAME", 6), (3, 2, "SAME", 18), (2, 4, "SAME", 11)]
    for kind in CODES:
        for i, (stride, kernel, padding, out) in enumerate(cases):
            single = Single(kind)
            channel = kind != "uint8"
            x = single.input([1, 6, 6, 3], 0.0131)
            shape = [4, kernel, kernel, 3]
            scale = RANDOM.uniform(0.003, 0.01, 4 if channel else 1)
            if channel:
                data = RANDOM.integers(-127, 128, shape).astype(numpy.int8)
                w = single.tensor(shape, "int8", scale, None, data)
            else:
                w = single.tensor(shape, "uint8", scale, 113, RANDOM.integers(0, 256, shape).astype(numpy.uint8))
            inputs = [single.numbers([1, out, out, 4]), w, x]
            if i % 2 == 0 and kind != "int16":
                bias = single.tensor([4], "int32", scale * 0.0131, None, RANDOM.integers(-900, 900, 4).astype(numpy.int32))
                inputs.append(bias)
            y = single.tensor([1, out, out, 4], scale=0.041, zero=single.zero())
            options = with_fields(schema.TransposeConvOptionsT(), strideH=stride, strideW=stride,
                                  padding=getattr(schema.Padding, padding))
            single.save(folder / f"transpose_conv_{kind}_{i}.tflite", OPERATORS.TRANSPOSE_CONV, inputs, [y], options, 3)


def resizes(folder):
    ways = {"plain": {}, "corners": {"alignCorners": True}, "half": {"halfPixelCenters": True}}
    sizes = [(5, 7, 10, 14), (6, 6, 9, 5), (4, 3, 4, 12), (8, 9, 3, 4), (1, 5, 6, 1), (14, 10, 20, 15)]
    for kind in CODES:
        for way, fields in ways.items():
            for i, (height, width, up, across) in enumerate(sizes):
                for word, code, options in (("bilinear", OPERATORS.RESIZE_BILINEAR, schema.ResizeBilinearOptionsT()),
                                            ("nearest", OPERATORS.RESIZE_NEAREST_NEIGHBOR,
                                             schema.ResizeNearestNeighborOptionsT())):
                    if kind == "uint8" and word == "bilinear":
                        continue  # LiteRT computes those in float
                    single = Single(kind)
                    x = single.input([2, height, width, 3])
                    y = single.tensor([2, up, across, 3], scale=0.0173, zero=single.zero())
                    single.save(folder / f"resize_{word}_{kind}_{way}_{i}.tflite", code,
                                [x, single.numbers([up, across])], [y], with_fields(options, **fields), 4)


def moves(folder):
    for kind in CODES:
        def same(single, shape):
            return single.tensor(shape, scale=0.0173, zero=single.zero())

        single = Single(kind)
        x = single.input([1, 4, 5, 3])
        single.save(folder / f"pad_{kind}.tflite", OPERATORS.PAD,
                    [x, single.numbers([[0, 0], [1, 2], [0, 3], [0, 0]])], [same(single, [1, 7, 8, 3])])
        if kind != "int16":
            single = Single(kind)
            x = single.input([1, 4, 5, 3])
            filler = single.tensor([1], scale=0.0173, zero=single.zero(), data=numpy.array([33], CODES[kind][1]))
            single.save(folder / f"padv2_{kind}.tflite", OPERATORS.PADV2,
                        [x, single.numbers([[0, 0], [1, 2], [0, 3], [1, 0]]), filler], [same(single, [1, 7, 8, 4])])
            single = Single(kind)
            x = single.input([1, 4, 5, 3])
            single.save(folder / f"mirror_pad_{kind}.tflite", OPERATORS.MIRROR_PAD,
                        [x, single.numbers([[0, 0], [1, 2], [0, 3], [0, 0]])], [same(single, [1, 7, 8, 3])],
                        schema.MirrorPadOptionsT())
        single = Single(kind)
        x = single.input([2, 3, 4, 6])
        single.save(folder / f"transpose_{kind}.tflite", OPERATORS.TRANSPOSE, [x, single.numbers([0, 3, 1, 2])],
                    [same(single, [2, 6, 3, 4])])
        single = Single(kind)
        x = single.input([1, 4, 6, 3])
        parts = [same(single, [1, 4, 2, 3]) for _ in range(3)]
        single.save(folder / f"split_{kind}.tflite", OPERATORS.SPLIT, [single.numbers(2), x], parts,
                    with_fields(schema.SplitOptionsT(), numSplits=3))
        single = Single(kind)
        x = single.input([1, 4, 6, 3])
        single.save(folder / f"gather_{kind}.tflite", OPERATORS.GATHER, [x, single.numbers([3, 0, 5])],
                    [same(single, [1, 4, 3, 3])], with_fields(schema.GatherOptionsT(), axis=2), 4 if kind == "int16" else 2)
        if kind == "int16":
            continue
        single = Single(kind)
        x = single.input([1, 4, 6, 2])
        single.save(folder / f"space_to_depth_{kind}.tflite", OPERATORS.SPACE_TO_DEPTH, [x], [same(single, [1, 2, 3, 8])],
                    with_fields(schema.SpaceToDepthOptionsT(), blockSize=2))
        single = Single(kind)
        x = single.input([1, 2, 3, 8])
        single.save(folder / f"depth_to_space_{kind}.tflite", OPERATORS.DEPTH_TO_SPACE, [x], [same(single, [1, 4, 6, 2])],
                    with_fields(schema.DepthToSpaceOptionsT(), blockSize=2))


def functions(folder):
    """One input, a result of its own scale."""
    words = {"LOGISTIC": {}, "TANH": {}, "HARD_SWISH": {}, "LEAKY_RELU": {"alpha": 0.13}, "RELU6": {}, "RELU": {},
             "ELU": {}, "GELU": {}, "EXP": {}}
    for word, fields in words.items():
        for kind in ("int8", "uint8"):
            if kind == "uint8" and word in ("ELU", "EXP"):
                continue
            single = Single(kind)
            x = single.input([2, 200], 0.031)
            scale, zero = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}.get(word, (0.0271, single.zero()))
            zero += {"LOGISTIC": 128, "TANH": 128}.get(word, 0) if kind == "uint8" else 0
            y = single.tensor([2, 200], scale=scale, zero=zero)
            options = {"LEAKY_RELU": schema.LeakyReluOptionsT, "GELU": schema.GeluOptionsT}.get(word)
            options = with_fields(options(), **fields) if options else None
            version = 1 if word in ("HARD_SWISH", "ELU") else 2
            single.save(folder / f"{word.lower()}_{kind}.tflite", getattr(OPERATORS, word), [x], [y], options, version)


def pairs(folder):
    for kind in ("int8", "uint8"):
        for word in ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "PRELU"):
            single = Single(kind)
            x = single.input([1, 4, 5, 3])
            options = {"ADD": schema.AddOptionsT, "SUB": schema.SubOptionsT, "MUL": schema.MulOptionsT}.get(word)
            options = options() if options else None
            if word == "PRELU":
                z = single.tensor([1, 1, 3], scale=0.009, zero=single.zero(),
                                  data=RANDOM.integers(0, 120, [1, 1, 3]).astype(CODES[kind][1]))
            else:
                z = single.input([1, 4, 5, 3], 0.0173 if word[0] == "M" and word != "MUL" else 0.0091)
            same = word in ("MAXIMUM", "MINIMUM")
            y = single.tensor([1, 4, 5, 3], scale=0.0173 if same else 0.0231, zero=single.zero())
            version = 1 if word == "PRELU" else 2
            single.save(folder / f"{word.lower()}_{kind}.tflite", getattr(OPERATORS, word), [x, z], [y], options, version)
        single = Single(kind)
        parts = [single.input([1, 4, 5, 3]), single.input([1, 4, 5, 2])]
        y = single.tensor([1, 4, 5, 5], scale=0.0173, zero=single.zero())
        options = with_fields(schema.ConcatenationOptionsT(), axis=3)
        single.save(folder / f"concatenation_{kind}.tflite", OPERATORS.CONCATENATION, parts, [y], options)


def reductions(folder):
    for kind in CODES:
        for word in ("MEAN", "REDUCE_MAX", "REDUCE_MIN"):
            for i, (axes, keeps, shape) in enumerate((([1, 2], True, [2, 1, 1, 3]), ([1, 2], False, [2, 3]),
                                                      ([3], True, [2, 6, 5, 1]), ([2], False, [2, 6, 3]))):
                single = Single(kind)
                x = single.input([2, 6, 5, 3])
                scale = 0.0173 if word != "MEAN" else 0.0111
                y = single.tensor(shape, scale=scale, zero=single.zero())
                options = with_fields(schema.ReducerOptionsT(), keepDims=keeps)
                single.save(folder / f"{word.lower()}_{kind}_{i}.tflite", getattr(OPERATORS, word),
                            [x, single.numbers(axes)], [y], options)
    for kind in ("int8", "uint8"):
        single = Single(kind)
        x = single.input([2, 6, 10], 0.09)
        y = single.tensor([2, 6, 10], scale=1 / 256, zero=-128 if kind == "int8" else 0)
        single.save(folder / f"softmax_{kind}.tflite", OPERATORS.SOFTMAX, [x], [y],
                    with_fields(schema.SoftmaxOptionsT(), beta=1.0))
        for i, (scale, shape) in enumerate(((0.09, [2, 6, 10]), (0.7, [40, 5]), (0.0173, [3, 1000]), (0.2, [30, 3]))):
            single = Single(kind)
            x = single.input(shape, scale)
            y = single.tensor(shape, scale=16 / 256, zero=127 if kind == "int8" else 255)
            single.save(folder / f"log_softmax_{kind}_{i}.tflite", OPERATORS.LOG_SOFTMAX, [x], [y], schema.LogSoftmaxOptionsT())


def main():
    folder = pathlib.Path(sys.argv[1])
    for make in (transposed_convolutions, resizes, moves, functions, pairs, reductions):
        make(folder)


if __name__ == "__main__":
    main()
