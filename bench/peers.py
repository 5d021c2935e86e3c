"""Times our engine and other runtimes side by side, on models that a folder holds as NAME_fp32.onnx and NAME_qdq.onnx.

usage: python bench/peers.py HALFTONE MODELS [--threads 1,2] [--models resnet50,...] [--rounds N] [--json FILE] [--markdown FILE]

Every runtime is measured in turn, round by round, so that the machine's moods meet all alike: each round takes the median of
about 0.3 s of runs of each. A row is the median of the rounds with its 95 % interval (order statistics); the ratio to ours is
taken within each round. The peers run at their best setting: ONNX Runtime with all graph optimizations and no spinning between
runs beyond its default, OpenVINO with the latency hint. A peer that is not installed, or cannot run a model, has a row that says
so. Peers are from tools/oracles.txt (onnxruntime) and, where installed, openvino.
"""

import argparse
import importlib.metadata
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROUND_SECONDS = 0.3


def median_interval(values):
    values = sorted(values)
    half, reach = len(values) / 2, 0.98 * math.sqrt(len(values))
    low, high = max(0, int(half - reach)), min(len(values) - 1, int(half + reach))
    return statistics.median(values), values[low], values[high]


class Ours:
    """One process per round: `halftone bench` compiles, warms up, and measures."""

    name, version = "halftone", ""

    def __init__(self, program, model, threads):
        self.command = [program, "bench", str(model), "--threads", str(threads), "--seconds", str(ROUND_SECONDS), "--json", "-q"]
        self.environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "active" if threads > 1 else "passive"}
        self.round()

    def round(self):
        done = subprocess.run(self.command, capture_output=True, text=True, env=self.environment)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip().splitlines()[-1][:200])
        self.report = json.loads(done.stdout)
        return self.report["models"][0]["median_us"]


class InProcess:
    """A peer whose Python binding runs one inference."""

    def round(self):
        times, begin = [], time.perf_counter()
        while time.perf_counter() - begin < ROUND_SECONDS or len(times) < 5:
            start = time.perf_counter_ns()
            self.run()
            times.append((time.perf_counter_ns() - start) / 1e3)
        return statistics.median(times)


def random_inputs(described):
    import numpy

    rng = numpy.random.default_rng(0)
    inputs = {}
    for name, shape, kind in described:
        shape = [d if isinstance(d, int) and d > 0 else 1 for d in shape]
        if "float" in kind:
            inputs[name] = rng.standard_normal(shape).astype(numpy.float32)
        else:
            inputs[name] = rng.integers(0, 2, shape).astype("int64" if "64" in kind else "int32")
    return inputs


class OnnxRuntime(InProcess):
    name = "onnxruntime"

    def __init__(self, model, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        self.version = onnxruntime.__version__
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        inputs = random_inputs([(i.name, i.shape, i.type) for i in session.get_inputs()])
        self.run = lambda: session.run(None, inputs)
        for _ in range(3):
            self.run()


class OpenVino(InProcess):
    name = "openvino"

    def __init__(self, model, threads):
        import openvino

        self.version = importlib.metadata.version("openvino")
        core = openvino.Core()
        compiled = core.compile_model(str(model), "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads})
        request = compiled.create_infer_request()
        described = [(i.any_name, [d.get_length() if d.is_static else 1 for d in i.partial_shape], "float" if "f" in i.element_type.get_type_name() else i.element_type.get_type_name()) for i in compiled.inputs]
        inputs = random_inputs(described)
        self.run = lambda: request.infer(inputs)
        for _ in range(3):
            self.run()


PEERS = [OnnxRuntime, OpenVino]


def measure(arguments, model, threads):
    runtimes, failed = [], []
    for make in [lambda m, t: Ours(arguments.halftone, m, t), *PEERS]:
        name = getattr(make, "name", "halftone")
        try:
            runtimes.append(make(model, threads))
        except Exception as error:  # noqa: BLE001 - whatever a peer raises becomes its row
            failed.append((name, f"{type(error).__name__}: {error}".splitlines()[0][:160]))
    times = [[] for _ in runtimes]
    for _ in range(arguments.rounds):
        for i, runtime in enumerate(runtimes):
            times[i].append(runtime.round())
    rows = []
    stem, precision = model.stem.rsplit("_", 1)
    common = {"model": stem, "precision": precision, "threads": threads}
    for runtime, values in zip(runtimes, times):
        median, low, high = median_interval(values)
        ratio, ratio_low, ratio_high = median_interval([a / b for a, b in zip(times[0], values)])
        rows.append({**common, "runtime": runtime.name, "version": runtime.version, "median_us": median, "low_us": low, "high_us": high,
                     "ours_to_it": ratio, "ours_to_it_low": ratio_low, "ours_to_it_high": ratio_high})
    rows += [{**common, "runtime": name, "error": text} for name, text in failed]
    return rows, runtimes[0].report if runtimes and runtimes[0].name == "halftone" else None


def page(document, command):
    lines = ["# Speed against other runtimes", "", f"Made by `{command}`. {document['cpu']}; measured peaks of one thread: "
             f"f32 {document['peak_f32'] * 1e-9:.0f}, int8 {document['peak_int8'] * 1e-9:.0f} Gop/s. Medians of {document['rounds']} rounds with their "
             "95 % interval; the last column is our time divided by the peer's, below 1 where we are faster.", "",
             "| model | precision | threads | runtime | median, us | interval | ours / it |", "|---|---|---:|---|---:|---:|---:|"]
    for row in document["rows"]:
        head = f"| {row['model']} | {row['precision']} | {row['threads']} | {row['runtime']} {row.get('version', '')} "
        if "error" in row:
            lines.append(head + f"| {row['error']} | | |")
        else:
            ratio = "" if row["runtime"] == "halftone" else f"{row['ours_to_it']:.2f} ({row['ours_to_it_low']:.2f} to {row['ours_to_it_high']:.2f})"
            lines.append(head + f"| {row['median_us']:.1f} | {row['low_us']:.1f} to {row['high_us']:.1f} | {ratio} |")
    return "\n".join(lines) + "\n"


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "this machine"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("halftone")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--threads", default="1")
    parser.add_argument("--models", default="")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    arguments = parser.parse_args()
    wanted = [name for name in arguments.models.split(",") if name]
    files = sorted(f for f in arguments.folder.glob("*.onnx") if not wanted or any(f.stem.startswith(w) for w in wanted))
    document = {"cpu": cpu_name(), "rounds": arguments.rounds, "peak_f32": 0.0, "peak_int8": 0.0, "rows": []}
    for threads in [int(t) for t in arguments.threads.split(",")]:
        for model in files:
            rows, report = measure(arguments, model, threads)
            document["rows"] += rows
            if report and threads == 1:
                for key in ("peak_f32", "peak_int8"):
                    document[key] = max(document[key], report[key])
            for row in rows:
                text = row.get("error") or f"{row['median_us']:10.1f} us   ours / it {row['ours_to_it']:.3f}"
                print(f"{model.stem:28} {threads} {row['runtime']:12} {text}", file=sys.stderr, flush=True)
    command = "python bench/peers.py build/halftone MODELS " + " ".join(a for a in sys.argv[3:] if not a.startswith("/"))
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.markdown:
        arguments.markdown.write_text(page(document, command))


main()
