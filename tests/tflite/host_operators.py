"""TFLite operators that run subgraphs, and the detector's last step: `halftone run` against LiteRT; hostile ones.

usage: host_operators.py HALFTONE
"""
import pathlib
import subprocess
import sys
import tempfile

import kinds
import numpy
import onnxruntime
import oracle
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers
from singles import OPERATORS, Single, with_fields

HALFTONE = sys.argv[1]
RANDOM = numpy.random.default_rng(3)


def halftone(*arguments):
    return subprocess.run([HALFTONE, *map(str, arguments)], capture_output=True, text=True, timeout=60)


class Network(Single):
    def __init__(self):
        super().__init__("float32")

    def named_input(self, shape, kind="float32"):
        self.graph.inputs.append(self.tensor(shape, kind))
        return self.graph.inputs[-1]

    def constant(self, value, kind="float32"):
        value = numpy.asarray(value, kind)
        return self.tensor(value.shape, kind, data=value)

    def step(self, code, inputs, shape, options=None, kind="float32"):
        out = self.tensor(shape, kind)
        self.add(code, inputs, [out], options)
        return out

    def add(self, code, inputs, outputs, options=None, version=1):
        super().add(code, inputs, outputs, options, version)

    def real(self, shape):
        return self.tensor(shape, "float32")

    def finish(self, outputs):
        self.graph.outputs = list(outputs)


def branches(folder, nested):
    """x > 0 on the whole ? f(x, w) : g(x, w); `nested`: f chooses again."""
    net = Network()
    main = net.graph
    x, c = net.named_input([2, 3]), net.named_input([], "bool")
    w = net.constant(RANDOM.standard_normal(3))
    y, z = net.tensor([2, 3]), net.tensor([2, 3])
    net.add(OPERATORS.IF, [c, x, w, c], [y, z],
            with_fields(schema.IfOptionsT(), thenSubgraphIndex=1, elseSubgraphIndex=2))
    total = net.step(OPERATORS.ADD, [y, z], [2, 3], schema.AddOptionsT())
    net.finish([total, y])
    for sign in (1, -1):
        net.subgraph()
        a, b, k = net.named_input([2, 3]), net.named_input([3]), net.named_input([], "bool")
        if nested and sign == 1:
            inner = net.tensor([2, 3])
            net.add(OPERATORS.IF, [k, a], [inner], with_fields(schema.IfOptionsT(), thenSubgraphIndex=3, elseSubgraphIndex=4))
            a = inner
        product = net.step(OPERATORS.MUL, [a, b], [2, 3], schema.MulOptionsT())
        net.finish([product, a] if sign == 1 else [a, product])
    if nested:
        for word in ("TANH", "NEG"):
            net.subgraph()
            a = net.named_input([2, 3])
            net.finish([net.step(getattr(OPERATORS, word), [a], [2, 3])])
    net.graph = main
    path = folder / f"if_{nested}.tflite"
    net.write(path, main.outputs)
    values = RANDOM.standard_normal((2, 3)).astype(numpy.float32)
    for choice in (True, False):
        yield path, [values, numpy.array(choice)]


def loops(folder, grows):
    """while i < n: i, v = i + 1, v * v - 0.5; or, `grows`, v with one row more each time."""
    net = Network()
    main = net.graph
    n, v = net.named_input([], "int32"), net.named_input([1, 3])
    zero = net.constant(0, "int32")
    names = [net.tensor([], "int32"), net.tensor([], "int32"), net.tensor([1, 3])]
    if grows:
        main.tensors[names[2]].shapeSignature = [-1, 3]
    net.add(OPERATORS.WHILE, [zero, n, v], names,
            with_fields(schema.WhileOptionsT(), condSubgraphIndex=1, bodySubgraphIndex=2))
    net.finish([names[2], names[0]])

    def carried():
        i, count, value = net.named_input([], "int32"), net.named_input([], "int32"), net.named_input([1, 3])
        if grows:
            net.graph.tensors[value].shapeSignature = [-1, 3]
        return i, count, value

    net.subgraph()
    i, count, value = carried()
    net.finish([net.step(OPERATORS.LESS, [i, count], [], schema.LessOptionsT(), "bool")])
    net.subgraph()
    i, count, value = carried()
    one = net.constant(1, "int32")
    after = net.step(OPERATORS.ADD, [i, one], [], schema.AddOptionsT(), "int32")
    if grows:
        row = net.constant([[1, 2, 3]])
        result = net.step(OPERATORS.CONCATENATION, [value, row], [2, 3], with_fields(schema.ConcatenationOptionsT(), axis=0))
        net.graph.tensors[result].shapeSignature = [-1, 3]
    else:
        square = net.step(OPERATORS.MUL, [value, value], [1, 3], schema.MulOptionsT())
        result = net.step(OPERATORS.SUB, [square, net.constant(0.5)], [1, 3], schema.SubOptionsT())
    net.finish([after, count, result])
    net.graph = main
    path = folder / f"while_{grows}.tflite"
    net.write(path, main.outputs)
    values = RANDOM.uniform(-1, 1, (1, 3)).astype(numpy.float32)
    for rounds in (0, 1, 5):
        yield path, [numpy.array(rounds, numpy.int32), values]


class Codes(Network):
    """The same with int8 codes."""

    def codes(self, shape, scale=0.0173, zero=7):
        return self.tensor(shape, "int8", scale, zero)

    def codes_input(self, shape, scale=0.0173, zero=7):
        self.graph.inputs.append(self.codes(shape, scale, zero))
        return self.graph.inputs[-1]

    def product(self, x, inputs, outputs, scale, zero):
        w = self.tensor([outputs, inputs], "int8", 0.011, 0, RANDOM.integers(-127, 128, (outputs, inputs)).astype(numpy.int8))
        b = self.tensor([outputs], "int32", 0.011 * 0.0173, 0, RANDOM.integers(-900, 900, outputs).astype(numpy.int32))
        y = self.codes([2, outputs], scale, zero)
        self.add(OPERATORS.FULLY_CONNECTED, [x, w, b], [y], schema.FullyConnectedOptionsT(), 4)
        return y

    def sum(self, a, b, shape, scale, zero):
        y = self.codes(shape, scale, zero)
        self.add(OPERATORS.ADD, [a, b], [y], schema.AddOptionsT(), 2)
        return y


def branches_of_codes(folder):
    """c ? w (x + x) + b : x + z, on codes throughout, with sums before and behind."""
    net = Codes()
    main = net.graph
    x, c = net.codes_input([2, 4]), net.named_input([], "bool")
    before = net.sum(x, x, [2, 4], 0.0173, 7)
    chosen = net.codes([2, 4], 0.02, -3)
    net.add(OPERATORS.IF, [c, before, x], [chosen], with_fields(schema.IfOptionsT(), thenSubgraphIndex=1, elseSubgraphIndex=2))
    net.finish([net.sum(chosen, before, [2, 4], 0.031, 5)])
    for product in (True, False):
        net.subgraph()
        a, b = net.codes_input([2, 4]), net.codes_input([2, 4])
        net.finish([net.product(a, 4, 4, 0.02, -3) if product else net.sum(a, b, [2, 4], 0.02, -3)])
    net.graph = main
    path = folder / "if_codes.tflite"
    net.write(path, main.outputs)
    for choice in (True, False):
        for _ in range(4):
            yield path, [RANDOM.integers(-128, 128, (2, 4), numpy.int8), numpy.array(choice)]


def loop_of_codes(folder):
    """while i < n: i, v = i + 1, w v + b, on codes."""
    net = Codes()
    main = net.graph
    n, v = net.named_input([], "int32"), net.codes_input([2, 4])
    zero = net.constant(0, "int32")
    outputs = [net.tensor([], "int32"), net.tensor([], "int32"), net.codes([2, 4])]
    net.add(OPERATORS.WHILE, [zero, n, v], outputs, with_fields(schema.WhileOptionsT(), condSubgraphIndex=1, bodySubgraphIndex=2))
    net.finish([net.sum(outputs[2], v, [2, 4], 0.02, -3)])
    net.subgraph()
    i, count, _ = net.named_input([], "int32"), net.named_input([], "int32"), net.codes_input([2, 4])
    net.finish([net.step(OPERATORS.LESS, [i, count], [], schema.LessOptionsT(), "bool")])
    net.subgraph()
    i, count, value = net.named_input([], "int32"), net.named_input([], "int32"), net.codes_input([2, 4])
    after = net.step(OPERATORS.ADD, [i, net.constant(1, "int32")], [], schema.AddOptionsT(), "int32")
    net.finish([after, count, net.product(value, 4, 4, 0.0173, 7)])
    net.graph = main
    path = folder / "while_codes.tflite"
    net.write(path, main.outputs)
    for rounds in (0, 1, 3):
        yield path, [numpy.array(rounds, numpy.int32), RANDOM.integers(-128, 128, (2, 4), numpy.int8)]


def detector(folder, name, boxes, classes, background, quantized=False, damage=None, **options):
    net = Network()
    kind = "uint8" if quantized else "float32"

    def tensor(shape, scale, zero, values=None):
        if quantized:
            data = None if values is None else numpy.clip(numpy.round(values / scale) + zero, 0, 255).astype(numpy.uint8)
            return net.tensor(shape, kind, scale, zero, data)
        return net.tensor(shape, kind, data=values)

    centers = numpy.concatenate([RANDOM.uniform(0.1, 0.9, (boxes, 2)), RANDOM.uniform(0.1, 0.4, (boxes, 2))], 1)
    encodings, scores = tensor([1, boxes, 4], 0.05, 128), tensor([1, boxes, classes + background], 1 / 255, 0)
    net.graph.inputs = [encodings, scores]
    anchors = tensor([boxes, 4], 1 / 255, 0, centers.astype(numpy.float32))
    map_of = dict(max_detections=10, max_classes_per_detection=1, num_classes=classes, nms_score_threshold=0.3,
                  nms_iou_threshold=0.5, y_scale=10.0, x_scale=10.0, h_scale=5.0, w_scale=5.0)
    map_of.update(options)
    places = map_of["max_detections"] * map_of["max_classes_per_detection"]
    outputs = [net.real(shape) for shape in ([1, places, 4], [1, places], [1, places], [1])]
    net.add(OPERATORS.CUSTOM, [encodings, scores, anchors], outputs)
    net.model.operatorCodes[0].customCode = "TFLite_Detection_PostProcess"
    data = bytearray(flexbuffers.Dumps({key: value for key, value in map_of.items() if value is not None}))
    if damage is not None:
        data = damage(data)
    net.graph.operators[0].customOptions = numpy.frombuffer(bytes(data), numpy.uint8)
    path = folder / f"detector_{name}.tflite"
    net.write(path, outputs)
    random = RANDOM.standard_normal((1, boxes, 4)), RANDOM.uniform(0, 1, (1, boxes, classes + background)) ** 3
    if quantized:
        return path, [numpy.round(128 + 20 * random[0]).clip(0, 255).astype(numpy.uint8),
                      numpy.round(255 * random[1]).astype(numpy.uint8)]
    return path, [values.astype(numpy.float32) for values in random]


def detectors(folder):
    yield detector(folder, "fast", 60, 5, 1)
    yield detector(folder, "several", 60, 5, 1, max_classes_per_detection=3)
    yield detector(folder, "more_than_there_are", 8, 2, 0, max_classes_per_detection=3, nms_score_threshold=0.0)
    yield detector(folder, "regular", 60, 5, 1, use_regular_nms=True)
    yield detector(folder, "regular_few", 90, 7, 0, use_regular_nms=True, detections_per_class=2, nms_score_threshold=0.05)
    yield detector(folder, "integers_as_scales", 40, 3, 1, y_scale=10, x_scale=10, h_scale=5, w_scale=5)
    yield detector(folder, "none", 20, 3, 1, nms_score_threshold=2.0)
    yield detector(folder, "codes", 60, 5, 1, quantized=True)


def litert(path, values):
    interpreter = oracle.interpret(path)
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), values):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    names = [detail["name"] for detail in interpreter.get_input_details()]
    return names, {detail["name"]: interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()}


def run_ours(path, names, values, folder):
    command = ["run", path, "-o", folder / "out", "-q", "--force"]
    for name, value in zip(names, values):
        numpy.save(folder / f"{name}.npy", value)
        command += ["-i", f"{name}={folder / name}.npy"]
    done = halftone(*command)
    assert done.returncode == 0, f"{path.name}: {done.stderr}"
    return lambda name: numpy.load(folder / "out" / f"{name}.npy")


def check(path, values, folder):
    names, theirs = litert(path, values)
    ours = run_ours(path, names, values, folder)
    detections = int(theirs[max(theirs, key=lambda name: int(name[1:]))][0]) if "detector" in path.name else None
    for name, reference in theirs.items():
        mine = ours(name)
        assert mine.shape == reference.shape and mine.dtype == reference.dtype, (path.name, name, mine.shape, mine.dtype)
        if detections is not None and reference.ndim > 1 and "regular" not in path.name:
            each = reference.shape[1] // 10  # what lies behind the detections LiteRT leaves as it was
            used = [i * each + k for i in range(detections) for k in range(min(each, 5 if each > 1 else 1))
                    if path.name != "detector_more_than_there_are.tflite" or k < 2]
            mine, reference = mine[:, used], reference[:, used]
        numpy.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-5, err_msg=f"{path.name} {name}")


def check_written(path, values, folder):
    """As ONNX: the same numbers in ONNX Runtime, and read again."""
    names, theirs = litert(path, values)
    done = halftone("convert", path, folder / "written.onnx", "--force", "-q")
    assert done.returncode == 0, done.stderr
    options = onnxruntime.SessionOptions()
    if "codes" in path.name:  # its optimizer crashes on codes that a branch gives
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(folder / "written.onnx"), options, providers=["CPUExecutionProvider"])
    results = session.run(list(theirs), dict(zip(names, values)))
    ours = run_ours(folder / "written.onnx", names, values, folder)
    for (name, reference), result in zip(theirs.items(), results):
        step = 0 if reference.dtype.kind == "f" else 3  # codes by the other format's rule: a step now and then, in each operator
        result, mine = result.astype(reference.dtype), ours(name)
        numpy.testing.assert_allclose(result.astype(float), reference, 1e-5, step, err_msg=f"{path.name} as ONNX, {name}")
        numpy.testing.assert_allclose(mine.astype(float), reference, 1e-4, step, err_msg=f"{path.name} read again, {name}")


def check_lstm(folder):
    """An LSTM on codes as ONNX: in float, rounded where its states are, so that a code may differ by a step or two."""
    for word, fields in (("plain", {}), ("coupled", {"coupled": True, "clip": 0.4}), ("first", {"time_major": True, "steps": 40})):
        kinds.integer_lstm(folder, word, **fields)
        path = folder / f"kind_lstm_int8_{word}.tflite"
        done = halftone("convert", path, folder / "lstm.onnx", "--force", "-q")
        assert done.returncode == 0, done.stderr
        options = onnxruntime.SessionOptions()  # what it does beyond this fails on QuantizeLinear of int8
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        session = onnxruntime.InferenceSession(str(folder / "lstm.onnx"), options, providers=["CPUExecutionProvider"])
        x, *states = session.get_inputs()
        values = RANDOM.integers(-128, 128, x.shape, numpy.int8)
        ours = session.run(None, {x.name: values, **{state.name: numpy.zeros(state.shape, numpy.float32) for state in states}})[0]
        theirs = next(iter(litert(path, [values])[1].values()))
        numpy.testing.assert_allclose(ours.astype(float), theirs, rtol=0, atol=2, err_msg=word)


def refuse(path, words, code=1):
    done = halftone("info", path)
    said = " ".join(done.stderr.split())
    assert done.returncode == code and words in said, (path.name, words, done.returncode, said)


def calls_of(folder, name, then, otherwise, depth=1):
    """A chain of subgraphs: each but the last chooses between others."""
    net = Network()
    main = net.graph
    for level in range(depth):
        if level > 0:
            net.subgraph()
        x, c = net.named_input([3]), net.named_input([], "bool")
        y = net.tensor([3])
        net.add(OPERATORS.IF, [c, x, c], [y], with_fields(schema.IfOptionsT(), thenSubgraphIndex=then(level),
                                                         elseSubgraphIndex=otherwise(level)))
        net.finish([y])
    net.subgraph()
    x, c = net.named_input([3]), net.named_input([], "bool")
    net.finish([net.step(OPERATORS.NEG, [x], [3])])
    net.graph = main
    path = folder / f"{name}.tflite"
    net.write(path, main.outputs)
    return path


def hostile(folder):
    refuse(calls_of(folder, "missing", lambda _: 1, lambda _: 7), "names the subgraph 7, which does not exist")
    refuse(calls_of(folder, "negative", lambda _: -1, lambda _: 1), "names the subgraph -1, which does not exist")
    refuse(calls_of(folder, "itself", lambda _: 1, lambda _: 0), "runs a subgraph that it stands in")
    refuse(calls_of(folder, "circle", lambda i: (i + 1) % 3, lambda _: 3, 3), "runs a subgraph that it stands in")
    refuse(calls_of(folder, "deep", lambda i: i + 1, lambda _: 40, 40), "more than 16 deep")
    refuse(calls_of(folder, "doubling", lambda i: i + 1, lambda i: i + 1, 14), "out of proportion")
    refuse(detector(folder, "lacks", 9, 2, 0, num_classes=None)[0], "no usable num_classes")
    refuse(detector(folder, "zero", 9, 2, 0, x_scale=0.0)[0], "no usable x_scale")
    refuse(detector(folder, "nothing", 9, 2, 0, damage=lambda data: data[:0])[0], "no usable max_detections")
    refuse(detector(folder, "many", 9, 2, 0, max_detections=1, num_classes=-4)[0], "no usable num_classes")
    for word, sentence in (("unset", "is read before it is set"), ("no_handle", "is not a variable's handle")):
        net = kinds.Stateful("float32")
        x = net.real_input([1, 4])
        y = net.read("v", lambda: net.real([1, 4]))
        if word == "no_handle":
            net.graph.operators[-1].inputs = [x]
        net.write(folder / f"variable_{word}.tflite", [y])
        refuse(folder / f"variable_{word}.tflite", sentence)
    for i in range(200):  # damaged options: read or refused, never a crash
        def damage(data):
            for _ in range(1 + i % 4):
                data[RANDOM.integers(len(data))] = RANDOM.integers(256)
            return data[: RANDOM.integers(1, len(data) + 1)] if i % 3 == 0 else data
        done = halftone("info", detector(folder, "damaged", 9, 2, 0, damage=damage)[0])
        assert done.returncode in (0, 1), (i, done.returncode, done.stderr)
    print("hostile models refused")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder, count = pathlib.Path(name), 0
        for nested in (False, True):
            for path, values in [*branches(folder, nested), *loops(folder, nested)]:
                check(path, values, folder)
                check_written(path, values, folder)
                count += 1
        for path, values in [*branches_of_codes(folder), *loop_of_codes(folder)]:
            check(path, values, folder)
            check_written(path, values, folder)
            count += 1
        for path, values in detectors(folder):
            check(path, values, folder)
            count += 1
        print(f"{count} runs agree with LiteRT")
        check_lstm(folder)
        hostile(folder)


if __name__ == "__main__":
    main()
