"""Time and memory from an ONNX file to a ready graph: `halftone info` against ONNX Runtime's session creation without
optimizations, each a process of its own, in turn. Prints a table in Markdown.

usage: read_onnx.py HALFTONE [--rounds N]

The model has the layers of ResNet-50 with random weights (seeded), 102 MB. Halftone's time is that of the whole process, from start
to end; ONNX Runtime's only that of the session, with the library loaded before. Memory is the largest resident set: pages of the
mapped file count in it once they have been touched. The file is in the page cache.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SESSION = """
import resource, sys, time
import onnxruntime
options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
before, cpu_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, cpu()
begin = time.perf_counter()
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
seconds = time.perf_counter() - begin
print(seconds, cpu() - cpu_before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, before, onnxruntime.__version__)
"""


class Network:
    """The model; only the process that makes it needs numpy and onnx, whose memory others would inherit as their peak."""

    def __init__(self):
        import numpy
        import onnx
        from onnx import helper, numpy_helper

        self.numpy, self.onnx, self.helper, self.to_tensor = numpy, onnx, helper, numpy_helper.from_array
        self.random, self.nodes, self.weights, self.count = numpy.random.default_rng(0), [], [], 0

    def constant(self, *shape):
        self.count += 1
        values = self.random.standard_normal(shape, self.numpy.float32) * self.numpy.float32(0.03)
        self.weights.append(self.to_tensor(values, f"w{self.count}"))
        return f"w{self.count}"

    def add(self, op, inputs, **attributes):
        self.count += 1
        self.nodes.append(self.helper.make_node(op, inputs, [f"t{self.count}"], f"{op}_{self.count}", **attributes))
        return f"t{self.count}"

    def conv(self, x, inputs, outputs, kernel, stride=1, relu=True):
        pad = kernel // 2
        x = self.add("Conv", [x, self.constant(outputs, inputs, kernel, kernel), self.constant(outputs)],
                     kernel_shape=[kernel, kernel], pads=[pad] * 4, strides=[stride] * 2)
        return self.add("Relu", [x]) if relu else x


def make_model(path):
    net = Network()
    x = net.add("MaxPool", [net.conv("x", 3, 64, 7, 2)], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            step = stride if block == 0 else 1
            short = net.conv(x, channels, 4 * width, 1, step, relu=False) if block == 0 else x
            y = net.conv(net.conv(x, channels, width, 1), width, width, 3, step)
            x = net.add("Relu", [net.add("Add", [net.conv(y, width, 4 * width, 1, relu=False), short])])
            channels = 4 * width
    x = net.add("Flatten", [net.add("GlobalAveragePool", [x])])
    y = net.add("Gemm", [x, net.constant(1000, 2048), net.constant(1000)], transB=1)
    info, number = net.helper.make_tensor_value_info, net.onnx.TensorProto.FLOAT
    graph = net.helper.make_graph(net.nodes, "resnet50", [info("x", number, ["N", 3, 224, 224])],
                                  [info(y, number, ["N", 1000])], net.weights)
    net.onnx.save(net.helper.make_model(graph, opset_imports=[net.helper.make_opsetid("", 17)], ir_version=8), path)


def ours(program, path):
    """Seconds, seconds of the processors and KiB of a whole run of halftone info."""
    begin = time.perf_counter()
    process = subprocess.Popen([program, "info", "--no-layers", path], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"halftone info ended with {process.returncode}")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def theirs(path):
    done = subprocess.run([sys.executable, "-c", SESSION, path], check=True, capture_output=True, text=True)
    seconds, busy, peak, before, version = done.stdout.split()
    return float(seconds), float(busy), int(peak), int(before), version


def row(name, runs, memory):
    low, middle, high = statistics.quantiles([1e3 * run[0] for run in runs], n=4)
    busy = 1e3 * statistics.median(run[1] for run in runs)
    print(f"| {name} | {middle:.0f} ms | {low:.0f} to {high:.0f} ms | {busy:.0f} ms | {memory} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--make", action="store_true", help="only makes the model: PROGRAM is its name")
    arguments = parser.parse_args()
    if arguments.make:
        return make_model(arguments.program)
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "resnet50.onnx")
        subprocess.run([sys.executable, __file__, path, "--make"], check=True)
        size = pathlib.Path(path).stat().st_size / 1e6
        ours(arguments.program, path), theirs(path)
        rounds = [(ours(arguments.program, path), theirs(path)) for _ in range(arguments.rounds)]
    mine, peer = [r[0] for r in rounds], [r[1] for r in rounds]
    print(f"{size:.0f} MB, {arguments.rounds} rounds in turn; onnxruntime {peer[0][4]}\n")
    print("| what | time | quartiles | processor | memory at the peak |\n|---|---|---|---|---|")
    row("`halftone info`, a whole process", mine, f"{statistics.median(r[2] for r in mine) / 1024:.0f} MiB")
    peak, before = (statistics.median(r[i] for r in peer) / 1024 for i in (2, 3))
    row("ONNX Runtime, creating a session", peer, f"{peak:.0f} MiB, {before:.0f} of it before")


if __name__ == "__main__":
    main()
