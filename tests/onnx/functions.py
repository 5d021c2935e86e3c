"""Models with functions of their own: the same numbers as ONNX Runtime; written again without functions; refused when
damaged.

usage: functions.py HALFTONE
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import AttributeProto, TensorProto, helper, numpy_helper, parser

RANDOM = numpy.random.default_rng(11)
HALFTONE = sys.argv[1]

HEAD = '<ir_version: 10, opset_import: ["" : 18, "local" : 1]>\n'
FUNCTION = '<domain: "local", opset_import: ["" : 18, "local" : 1]>\n'

MODELS = {
    "plain": HEAD + """
        agraph (float[2, 4] x, float[4] w) => (float[2, 4] y) {
            h = local.scaled (x, w)
            y = local.scaled (h, w)
        }
        """ + FUNCTION + """
        scaled (a, b) => (c) { t = Mul (a, b)  c = Relu (t) }
        """,
    "attributes": HEAD + """
        agraph (float[2, 6] x) => (float[2, 3] y) {
            a = local.part <from = 1> (x)
            b = local.part (x)
            y = Add (a, b)
        }
        <domain: "local", opset_import: ["" : 18]>
        part <from: int = 2, alpha: float = 0.5> (v) => (w) {
            start = Constant <value_int: int = @from> ()
            one = Constant <value_ints = [1]> ()
            three = Constant <value_ints = [3]> ()
            begin = Reshape (start, one)
            end = Add (begin, three)
            axis = Constant <value_ints = [1]> ()
            s = Slice (v, begin, end, axis)
            w = LeakyRelu <alpha: float = @alpha> (s)
        }
        """,
    "nested": HEAD + """
        agraph (float[2, 4] x) => (float[2, 4] y, float[2, 4] z) {
            y, z = local.outer <slope = 0.25> (x)
        }
        """ + FUNCTION + """
        outer <slope: float> (v) => (t, u) { t = local.inner <alpha: float = @slope> (v)  u = Abs (v) }
        """ + FUNCTION + """
        inner <alpha: float = 0.01> (v) => (r) {
            n = Neg (v)
            m = LeakyRelu <alpha: float = @alpha> (n)
            r = LeakyRelu (m)
        }
        """,
    "optional": HEAD + """
        agraph (float[2, 4] x) => (float[2, 4] y) {
            high = Constant <value_float = 0.5> ()
            y, unused = local.bounded (x, , high)
        }
        """ + FUNCTION + """
        bounded (v, low, high) => (r, n) { r = Clip (v, low, high)  n = Neg (v) }
        """,
    "branches": HEAD + """
        agraph (float[2, 4] x, bool c) => (float[2, 4] y) {
            y = If (c) <
                then_branch = g1 () => (float[2, 4] t) { t = local.choose (x, c) },
                else_branch = g2 () => (float[2, 4] t) { n = Not (c) t = local.choose (x, n) }
            >
        }
        """ + FUNCTION + """
        choose (v, b) => (r) {
            k = Exp (v)
            r = If (b) <
                then_branch = g3 () => (s) { s = Add (k, v) },
                else_branch = g4 () => (s) { u = local.half (k) s = Sub (u, v) }
            >
        }
        """ + FUNCTION + """
        half (v) => (r) { two = Constant <value_float = 2.0> () r = Div (v, two) }
        """,
}


def halftone(*arguments):
    return subprocess.run([HALFTONE, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def inputs_of(model):
    values = {}
    for info in model.graph.input:
        shape = [d.dim_value for d in info.type.tensor_type.shape.dim]
        is_bool = info.type.tensor_type.elem_type == TensorProto.BOOL
        values[info.name] = numpy.array(False) if is_bool else RANDOM.standard_normal(shape).astype(numpy.float32)
    return values


def run_ours(path, values, folder):
    command = ["run", path, "--output-dir", folder / "out", "--force", "-q"]
    for name, value in values.items():
        numpy.save(folder / f"{name}.npy", value)
        command += ["--input", f"{name}={folder}/{name}.npy"]
    done = halftone(*command)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def check(name, model, folder):
    path, again = folder / f"{name}.onnx", folder / f"{name}.again.onnx"
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    values = inputs_of(model)
    wanted = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, values)
    out = run_ours(path, values, folder)
    for info, reference in zip(model.graph.output, wanted):
        ours = numpy.load(out / f"{info.name}.npy")
        numpy.testing.assert_allclose(ours, reference, rtol=1e-5, atol=1e-6, err_msg=name)
    done = halftone("convert", path, again, "--force", "-q")
    assert done.returncode == 0, done.stderr
    written = onnx.load(str(again))
    assert not written.functions
    onnx.checker.check_model(written)
    out = run_ours(again, values, folder)
    for info, reference in zip(model.graph.output, wanted):
        numpy.testing.assert_allclose(numpy.load(out / f"{info.name}.npy"), reference, rtol=1e-5, atol=1e-6)


def overloads():
    """Two functions of one name, which the text form has no way to say."""
    functions = []
    for overload, op in (("up", "Exp"), ("down", "Neg")):
        function = helper.make_function("local", "change", ["a"], ["b"], [helper.make_node(op, ["a"], ["b"])],
                                        [helper.make_opsetid("", 18)])
        function.overload = overload
        functions.append(function)
    nodes = [helper.make_node("change", ["x"], ["h"], domain="local"), helper.make_node("change", ["h"], ["y"], domain="local")]
    nodes[0].overload, nodes[1].overload = "down", "up"
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [5])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [5])])
    model = helper.make_model(graph, functions=functions,
                              opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("local", 1)])
    model.ir_version = 10
    return model


def graph_attribute():
    """A function that takes a graph, which reads a value around the call."""
    reference = AttributeProto(name="then_branch", type=AttributeProto.GRAPH, ref_attr_name="body")
    branch = helper.make_graph([helper.make_node("Neg", ["v"], ["o"])], "else", [],
                               [helper.make_tensor_value_info("o", TensorProto.FLOAT, None)])
    choose = helper.make_node("If", ["c"], ["r"], else_branch=branch)
    choose.attribute.append(reference)
    function = helper.make_function("local", "choose", ["c", "v"], ["r"], [choose], [helper.make_opsetid("", 18)], ["body"])
    body = helper.make_graph([helper.make_node("Exp", ["v"], ["e"])], "body", [],
                             [helper.make_tensor_value_info("e", TensorProto.FLOAT, None)])
    call = helper.make_node("choose", ["c", "x"], ["y"], domain="local", body=body)
    nodes = [helper.make_node("Abs", ["x"], ["v"]),
             helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(numpy.array(True))), call]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [5])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [5])])
    model = helper.make_model(graph, functions=[function],
                              opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("local", 1)])
    model.ir_version = 10
    return model


def by_hand(folder):
    """Two that ONNX Runtime does not take: a graph as attribute, and outputs that are inputs."""
    x = RANDOM.standard_normal(5).astype(numpy.float32)
    onnx.save(graph_attribute(), str(folder / "graph_attribute.onnx"))
    out = run_ours(folder / "graph_attribute.onnx", {"x": x}, folder)
    numpy.testing.assert_allclose(numpy.load(out / "y.npy"), numpy.exp(numpy.abs(x)), rtol=1e-5)
    passing = parser.parse_model(HEAD + "agraph (float[5] x) => (float[5] y, float[5] z) { y, z = local.pass (x) }\n" +
                                 FUNCTION + "pass (v) => (v, v) { unused = Neg (v) }")
    onnx.save(passing, str(folder / "passing.onnx"))
    out = run_ours(folder / "passing.onnx", {"x": x}, folder)
    for name in "yz":
        numpy.testing.assert_array_equal(numpy.load(out / f"{name}.npy"), x)


def other_opset(folder):
    """A function of an older operator set than the model: its Squeeze has its axes as an attribute."""
    function = helper.make_function("local", "flat", ["a"], ["b"], [helper.make_node("Squeeze", ["a"], ["b"], axes=[1])],
                                    [helper.make_opsetid("", 11)])
    graph = helper.make_graph([helper.make_node("flat", ["x"], ["y"], domain="local")], "g",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [5, 1])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [5])])
    model = helper.make_model(graph, functions=[function],
                              opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("local", 1)])
    onnx.save(model, str(folder / "old.onnx"))
    x = RANDOM.standard_normal((5, 1)).astype(numpy.float32)
    out = run_ours(folder / "old.onnx", {"x": x}, folder)
    numpy.testing.assert_array_equal(numpy.load(out / "y.npy"), x[:, 0])


def chain(length, calls):
    """Functions each of which calls the next one `calls` times."""
    text = HEAD + "agraph (float[4] x) => (float[4] y) { y = local.f0 (x) }\n"
    for i in range(length):
        steps = [f"t{k} = local.f{i + 1} ({'v' if k == 0 else f't{k - 1}'})" for k in range(calls)]
        text += FUNCTION + f"f{i} (v) => (t{calls - 1}) {{ {' '.join(steps)} }}\n"
    return text + FUNCTION + f"f{length} (v) => (r) {{ r = Neg (v) }}\n"


def hostile(folder):
    cases = {
        "calls itself": (HEAD + "agraph (float[4] x) => (float[4] y) { y = local.f (x) }\n" + FUNCTION +
                         "f (v) => (r) { t = local.g (v) r = Neg (t) }\n" + FUNCTION + "g (v) => (r) { r = local.f (v) }\n", 1),
        "more than 64 deep": (chain(100, 1), 1),
        "out of proportion": (chain(40, 2), 1),
        "takes 1 and gives 1": (HEAD + "agraph (float[4] x) => (float[4] y) { y = local.f (x, x) }\n" + FUNCTION +
                                "f (v) => (r) { r = Neg (v) }\n", 1),
        "are not supported: local.missing": (HEAD + "agraph (float[4] x) => (float[4] y) { y = local.f (x) }\n" + FUNCTION +
                                             "f (v) => (r) { r = local.missing (v) }\n", 3),
        "has the wrong type": (HEAD + "agraph (float[4] x) => (float[4] y) { y = local.f <alpha = 1> (x) }\n" + FUNCTION +
                               "f <alpha> (v) => (r) { r = LeakyRelu <alpha: float = @alpha> (v) }\n", 1),
    }
    for words, (text, code) in cases.items():
        (folder / "hostile.onnx").write_bytes(parser.parse_model(text).SerializeToString())
        done = halftone("info", folder / "hostile.onnx")
        assert done.returncode == code and words in " ".join(done.stderr.split()), (words, done.returncode, done.stderr)
    model = parser.parse_model(MODELS["plain"])
    model.functions.append(model.functions[0])
    (folder / "hostile.onnx").write_bytes(model.SerializeToString())
    done = halftone("info", folder / "hostile.onnx")
    assert done.returncode == 1 and "defines this function twice" in done.stderr, done.stderr
    model = parser.parse_model(HEAD + "agraph (float[4] x) => (float[4] y) { y = LeakyRelu (x) }")
    model.graph.node[0].attribute.append(AttributeProto(name="alpha", type=AttributeProto.FLOAT, ref_attr_name="a"))
    (folder / "hostile.onnx").write_bytes(model.SerializeToString())
    done = halftone("info", folder / "hostile.onnx")
    assert done.returncode == 1 and "outside any function" in done.stderr, done.stderr
    print(f"{len(cases) + 2} hostile models refused")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for case, text in MODELS.items():
            check(case, parser.parse_model(text), folder)
        check("overloads", overloads(), folder)
        by_hand(folder)
        other_opset(folder)
        print(f"{len(MODELS) + 4} models with functions")
        hostile(folder)


if __name__ == "__main__":
    main()
