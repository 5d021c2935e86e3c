"""Runs the node tests of the onnx package through `halftone run` and says which of them pass.

    conformance.py HALFTONE [--only TEXT] [--check] [--markdown FILE] [--list CLASS]

Each test is a process of its own with a time limit. It ends as one of

    pass         every output has the test's type and shape, and is as close as the test asks for
    fail         it is not, or an error other than "unsupported" was reported
    unsupported  the program refused the model (exit code 3) and said which operator or type it lacks
    crash        the program died or did not end

--check exits with 1 when a test fails or crashes, or when fewer than FLOOR pass. --markdown writes docs/operators.md.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import numpy
import onnx
import onnx.backend.test.loader
import onnx.numpy_helper

SECONDS = 30
HOST = "host_evaluate"
FLOOR = 1682
NARROW_FLOATS = ("float8", "float6", "float4", "bfloat")
SUMS = ("test_dft",)  # zeros are what large terms leave in f32: compared with the rounding of the largest result
DRAWN_AT_RANDOM = ("test_bernoulli", "test_training_dropout")  # compared by type and shape where the seed decides


class Outcome:
    def __init__(self, case, verdict, detail="", kernels=()):
        self.case, self.verdict, self.detail, self.kernels = case, verdict, detail, set(kernels)


def save_input(value, info, path):
    if isinstance(value, onnx.TensorProto):
        proto = value
    else:
        proto = onnx.numpy_helper.from_array(numpy.asarray(value))
        wanted = info.type.tensor_type.elem_type
        if wanted and wanted != proto.data_type:
            raise ValueError(f"input {info.name} is of another type than the model says")
    path.write_bytes(proto.SerializeToString())


def load_output(path, reference):
    array = numpy.load(path)
    if array.dtype == reference.dtype or array.dtype.kind == "V" and array.dtype.itemsize == reference.dtype.itemsize:
        return array.view(reference.dtype)
    if reference.dtype.name in ("int4", "int2", "uint4", "uint2"):
        return array.astype(reference.dtype)
    return array


def plain(array):
    """Numbers that numpy can compare: those of ml_dtypes as f32 or i32."""
    if array.dtype.name in ("int4", "int2", "uint4", "uint2"):
        return array.astype(numpy.int32)
    return array.astype(numpy.float32) if array.dtype.name.startswith(NARROW_FLOATS) else array


def compare(case, info, reference, path):
    if isinstance(reference, onnx.TensorProto):
        reference = onnx.numpy_helper.to_array(reference)
    reference = numpy.asarray(reference)
    array = load_output(path, reference)
    if array.dtype != reference.dtype:
        return f"output {info.name} is {array.dtype}, not {reference.dtype}"
    if array.shape != reference.shape:
        return f"output {info.name} has shape {array.shape}, not {reference.shape}"
    if case.name.startswith(DRAWN_AT_RANDOM) and "_expanded" not in case.name:
        return ""
    rounding = numpy.abs(reference).max() * numpy.finfo(reference.dtype).eps if case.name.startswith(SUMS) else 0
    try:
        numpy.testing.assert_allclose(plain(array), plain(reference), rtol=case.rtol, atol=case.atol + rounding)
    except AssertionError as difference:
        return f"output {info.name}: " + " ".join(str(difference).split())[:300]
    return ""


def tidy(text):
    return " ".join(text.split())


def run_set(program, case, inputs, outputs, folder):
    """One data set of a test: the kernels that ran, or the outcome that ends the test."""
    graph = case.model.graph
    command = [program, "run", str(folder / "model.onnx"), "--json", "--force", "--threads", "1", "--output-dir",
               str(folder / "out")]
    for i, (value, info) in enumerate(zip(inputs, graph.input)):
        if isinstance(value, (list, dict)) or value is None or not info.type.HasField("tensor_type"):
            continue  # sequences, maps, optionals: the program refuses the model for them
        path = folder / f"input_{i}.pb"
        if not isinstance(value, onnx.TensorProto) and numpy.asarray(value).dtype.kind in "OUSc":
            continue  # texts, complex numbers: refused as well
        save_input(value, info, path)
        command += ["--input", f"{info.name}={path}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Outcome(case, "crash", f"no end after {SECONDS} s")
    message = tidy(done.stderr)
    if done.returncode == 3:
        return Outcome(case, "unsupported", message)
    if done.returncode < 0 or done.returncode > 125:
        return Outcome(case, "crash", f"exit status {done.returncode}: {message[-300:]}")
    if done.returncode != 0:
        return Outcome(case, "fail", message)
    report = json.loads(done.stdout)
    files = {entry["name"]: entry["file"] for entry in report["outputs"]}
    for info, reference in zip(graph.output, outputs):
        difference = compare(case, info, reference, files[info.name])
        if difference:
            return Outcome(case, "fail", difference)
    return set(report["kernels"])


def rewrite(program, case, folder):
    """Puts what `halftone convert` makes of the model in its place; an outcome when it does not."""
    (folder / "model.onnx").rename(folder / "original.onnx")
    done = subprocess.run([program, "convert", str(folder / "original.onnx"), str(folder / "model.onnx"), "-q"],
                          capture_output=True, text=True, timeout=SECONDS)
    if done.returncode == 0:
        onnx.checker.check_model(onnx.load(folder / "model.onnx"))
        return None
    verdict = "unsupported" if done.returncode == 3 else "fail" if 0 < done.returncode < 126 else "crash"
    return Outcome(case, verdict, tidy(done.stderr))


def run_case(program, case, rewritten):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "model.onnx").write_bytes(case.model.SerializeToString())
        try:
            outcome = rewrite(program, case, folder) if rewritten else None
        except onnx.checker.ValidationError as refused:
            outcome = Outcome(case, "fail", "rewritten, the onnx checker refuses it: " + tidy(str(refused)))
        if outcome is not None:
            return outcome
        kernels = set()
        for inputs, outputs in case.data_sets:
            outcome = run_set(program, case, inputs, outputs, folder)
            if isinstance(outcome, Outcome):
                return outcome
            kernels |= outcome
    return Outcome(case, "pass", kernels=kernels)


def all_nodes(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from all_nodes(attribute.g)


def subject(case):
    """The operator that a test is for: its only node's, or the one whose name the test bears."""
    nodes = [full_name(node) for node in all_nodes(case.model.graph)]
    if len(set(nodes)) == 1:
        return nodes[0]
    text = re.sub(r"_expanded.*", "", case.name.removeprefix("test_")).replace("_", "")
    if "_expanded" in case.name:
        return None  # its nodes stand for an operator that is not in it
    fitting = [node for node in nodes if text.startswith(node.split(".")[-1].lower())]
    return max(fitting, key=len) if fitting else nodes[0]


def full_name(node):
    return f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type


def types_of(case):
    names = set()
    for info in list(case.model.graph.input) + list(case.model.graph.output):
        if info.type.HasField("tensor_type"):
            names.add(onnx.TensorProto.DataType.Name(info.type.tensor_type.elem_type).lower())
    return names


def lacking(outcome):
    """What an unsupported test lacks: operators, or the whole sentence."""
    if "These operators are not supported" in outcome.detail:
        return ", ".join(sorted(re.findall(r"([\w.]+) \(node", outcome.detail)))
    if re.search(r"no tensor of a supported element type|element type of this tensor", outcome.detail):
        return "types: text, complex, sequence, optional"
    return re.sub(r"^halftone: | at: .*$", "", outcome.detail)[:140]


def listed(program, subject):
    """What `halftone list` says, by name."""
    done = subprocess.run([program, "list", subject, "--json"], capture_output=True, text=True, check=True)
    return {entry["name"]: entry for entry in json.loads(done.stdout)[subject]}


def kernels_of(outcomes, names):
    """The kernels that ran where nothing but the operator was in the model; moving tensors between layouts is none."""
    alone = [outcome for outcome in outcomes if len(list(all_nodes(outcome.case.model.graph))) == 1]
    used = set().union(*(outcome.kernels for outcome in alone))
    computing = {name for name in used if names.get(name, {}).get("family") not in ("transpose", "copy")} or used
    return ", ".join(sorted("the operator itself" if name == HOST else name for name in computing))


def markdown(program, outcomes):
    kernels, operators = listed(program, "kernels"), listed(program, "ops")
    by_operator = collections.defaultdict(list)
    for outcome in outcomes:
        operator = subject(outcome.case)
        if operator is not None:
            by_operator[operator].append(outcome)
    passed = sum(outcome.verdict == "pass" for outcome in outcomes)
    expanded = [outcome for outcome in outcomes if subject(outcome.case) is None]
    lines = [
        f"{passed} of {len(outcomes)} node tests pass",
        "",
        "# Operators",
        "",
        f"Every node test of the Python package onnx {onnx.__version__}, each through `halftone run`. Made by",
        "`tests/onnx/conformance.py build/halftone --markdown docs/operators.md`; the test `onnx_conformance` fails when a",
        "test of an operator that is here does. A test that ends as *unsupported* is refused with exit code 3 and a sentence",
        "that names what is lacking.",
        "",
        f"{len(expanded)} of the tests are operators written out as other operators; "
        f"{sum(outcome.verdict == 'pass' for outcome in expanded)} of these pass. The table holds the others by the",
        "operator that they are for: operator sets of its tests, element types in tests that pass, tests that pass.",
        "",
        "Kernels are those that ran in these tests, where the operator was alone in the model: `_reference` is plain C,",
        "`onednn` the library, the others are faster variants of ours; *the operator itself* needs none. Which further ones",
        "there are says `halftone list kernels`. *On codes*: a quantized model computes the operator in integers",
        "([docs/integers.md](integers.md)). *Gradient*: it can be trained through. Both as `halftone list ops` says.",
        "",
        "| operator | operator sets | types | pass | of | kernels | on codes | gradient | not supported |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for operator, own in sorted(by_operator.items()):
        good = [outcome for outcome in own if outcome.verdict == "pass"]
        sets = sorted({entry.version for outcome in own for entry in outcome.case.model.opset_import
                       if entry.domain in ("", "ai.onnx")})
        types = sorted(set().union(*(types_of(outcome.case) for outcome in good))) if good else []
        reasons = sorted({lacking(outcome) for outcome in own if outcome.verdict == "unsupported"})
        if reasons == [operator]:
            reasons = ["the operator"]
        traits = operators.get(operator, {})
        lines.append(f"| {operator} | {', '.join(map(str, sets))} | {', '.join(types)} | {len(good)} | {len(own)} | "
                     f"{kernels_of(good, kernels)} | {'yes' if traits.get('integer') else ''} | "
                     f"{'yes' if traits.get('gradient') else ''} | {'; '.join(reasons)} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--only", help="tests whose names match this regular expression")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--markdown")
    parser.add_argument("--list", choices=["pass", "fail", "unsupported", "crash"], action="append", default=[])
    parser.add_argument("--rewrite", action="store_true", help="runs what `halftone convert` makes of each model")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    cases = [case for case in onnx.backend.test.loader.load_model_tests(kind="node")
             if not arguments.only or re.search(arguments.only, case.name)]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        outcomes = list(pool.map(lambda case: run_case(arguments.program, case, arguments.rewrite), cases))
    counts = collections.Counter(outcome.verdict for outcome in outcomes)
    for outcome in outcomes:
        if outcome.verdict in arguments.list or (arguments.check and outcome.verdict in ("fail", "crash")):
            print(f"{outcome.verdict} {outcome.case.name}: {outcome.detail}")
    if "unsupported" in arguments.list:
        reasons = collections.Counter(lacking(outcome) for outcome in outcomes if outcome.verdict == "unsupported")
        for reason, count in reasons.most_common():
            print(f"{count:5d}  {reason}")
    print(", ".join(f"{counts[verdict]} {verdict}" for verdict in ("pass", "fail", "unsupported", "crash")))
    if arguments.markdown:
        pathlib.Path(arguments.markdown).write_text(markdown(arguments.program, outcomes))
    if arguments.check and (counts["fail"] or counts["crash"] or (not arguments.only and counts["pass"] < FLOOR)):
        sys.exit(1)


if __name__ == "__main__":
    main()
