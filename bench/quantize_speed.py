"""Times quantizing a ResNet-50-sized model with 100 calibration images, side by side with onnxruntime's quantize_static: the same
settings (per-channel int8 weights, int8 activations, QDQ), the same images, each in a process of its own.

usage: python bench/quantize_speed.py HALFTONE [--threads N] [--images N] [--repeats N] [--json FILE] > docs/speed-of-calibration.md

Needs onnx, onnxruntime and numpy (tools/oracles.txt). Random weights: speed does not depend on them. Prints seconds (median) and
peak memory of either, and their ratio, for min-max, percentile and entropy; ours also with --calib-bf16, which ONNX Runtime has
no counterpart of. Run it on an idle machine.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

RANGES = {"min-max": "MinMax", "percentile:99.999": "Percentile", "kl": "Entropy"}


def build(path, images):
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = numpy.random.default_rng(0)
    nodes, constants = [], []

    def constant(name, array):
        constants.append(numpy_helper.from_array(array.astype(numpy.float32), name))
        return name

    def conv(x, name, inputs, outputs, size, stride, relu=True):
        weight = rng.normal(0, (2 / (inputs * size * size)) ** 0.5, (outputs, inputs, size, size))
        pad = size // 2
        nodes.append(helper.make_node("Conv", [x, constant(name + ".w", weight), constant(name + ".b", numpy.zeros(outputs))],
                                      [name], name, strides=[stride] * 2, pads=[pad] * 4, kernel_shape=[size] * 2))
        if not relu:
            return name
        nodes.append(helper.make_node("Relu", [name], [name + ".relu"], name + ".relu"))
        return name + ".relu"

    x = conv("input", "stem", 3, 64, 7, 2)
    nodes.append(helper.make_node("MaxPool", [x], ["pool"], "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]))
    x, width = "pool", 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            name, inner, stride = f"s{stage}b{block}", 64 << stage, 2 if stage > 0 and block == 0 else 1
            h = conv(x, name + ".1", width, inner, 1, 1)
            h = conv(h, name + ".2", inner, inner, 3, stride)
            h = conv(h, name + ".3", inner, 4 * inner, 1, 1, relu=False)
            side = conv(x, name + ".side", width, 4 * inner, 1, stride, relu=False) if block == 0 else x
            nodes.append(helper.make_node("Add", [h, side], [name + ".sum"], name + ".sum"))
            nodes.append(helper.make_node("Relu", [name + ".sum"], [name + ".out"], name + ".out"))
            x, width = name + ".out", 4 * inner
    nodes.append(helper.make_node("GlobalAveragePool", [x], ["mean"], "mean"))
    nodes.append(helper.make_node("Flatten", ["mean"], ["flat"], "flat"))
    nodes.append(helper.make_node("Gemm", ["flat", constant("fc.w", rng.normal(0, 0.02, (1000, width))),
                                           constant("fc.b", numpy.zeros(1000))], ["logits"], "fc", transB=1))
    graph = helper.make_graph(nodes, "resnet50", [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 224, 224])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 1000])], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path / "model.onnx")
    numpy.save(path / "images.npy", rng.normal(size=(images, 3, 224, 224)).astype(numpy.float32))


def theirs(folder, method):
    """Runs in a process of its own."""
    import numpy
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.images = iter(numpy.load(folder / "images.npy", mmap_mode="r"))

        def get_next(self):
            image = next(self.images, None)
            return None if image is None else {"input": image[None]}

    quantize_static(folder / "model.onnx", folder / "theirs.onnx", Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod[method])


def measure(command, threads):
    begin = time.perf_counter()
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed with status {status}")
    return time.perf_counter() - begin, usage.ru_maxrss * 1024


PAGE = """# Speed of calibration

    python bench/quantize_speed.py build/halftone --repeats {repeats} > docs/speed-of-calibration.md

wrote this page: quantizing a network of ResNet-50's shape with {images} calibration images of 224x224, per-channel int8 weights,
int8 activations, QDQ, beside ONNX Runtime {version}'s `quantize_static` with the same settings and images. Each run is a process
of its own, from start to the written file, on {threads} threads; seconds are medians of {repeats}, memory is the largest resident
set. `--calib-bf16` lets the samples run with bf16 operands where the processor has them, which ONNX Runtime has no counterpart
of.

| range | program | seconds | faster than ONNX Runtime | peak MB | share of its memory |
|---|---|---|---|---|---|
{rows}

What limits it: with min-max nearly all of the time is the network itself in f32, which ONNX Runtime runs as fast; most of the
memory is the weights, mapped, packed, and as codes.
"""


def page(results):
    rows = []
    for name, entry in results["ranges"].items():
        for program, run in entry.items():
            ratio = f"{run['faster']:.1f} | {run['peak_bytes'] / 1e6:.0f} | {run['memory']:.2f}" if "faster" in run else (
                f"1 | {run['peak_bytes'] / 1e6:.0f} | 1")
            rows.append(f"| {name} | {program} | {run['seconds']:.1f} | {ratio} |")
    return PAGE.format(rows="\n".join(rows), version=importlib.metadata.version("onnxruntime"), **{
        key: results[key] for key in ("repeats", "images", "threads")})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("halftone")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json")
    options = parser.parse_args()
    results = {"images": options.images, "threads": options.threads, "repeats": options.repeats, "ranges": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        build(folder, options.images)
        for ours, method in RANGES.items():
            commands = {
                "halftone, f32": [options.halftone, "quantize", str(folder / "model.onnx"), "--range", ours, "--threads",
                             str(options.threads), "--calib", f"npy:{folder / 'images.npy'},preprocess=none",
                             "--calib-samples", str(options.images), "-o", str(folder / "ours.onnx"), "--force", "-q"],
                "onnxruntime": [sys.executable, __file__, "--theirs", name, method],
            }
            commands["halftone, bf16"] = commands["halftone, f32"] + ["--calib-bf16"]
            entry = {}
            for program, command in commands.items():
                runs = [measure(command, options.threads) for _ in range(options.repeats)]
                entry[program] = {"seconds": statistics.median(run[0] for run in runs), "peak_bytes": max(run[1] for run in runs)}
            theirs_run = entry["onnxruntime"]
            for own in ("halftone, f32", "halftone, bf16"):
                entry[own]["faster"] = theirs_run["seconds"] / entry[own]["seconds"]
                entry[own]["memory"] = entry[own]["peak_bytes"] / theirs_run["peak_bytes"]
            results["ranges"][ours] = entry
            print(json.dumps(entry), file=sys.stderr, flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1) + "\n")
    print(page(results), end="")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--theirs":
        theirs(pathlib.Path(sys.argv[2]), sys.argv[3])
    else:
        main()
