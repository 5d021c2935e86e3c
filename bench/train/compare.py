"""Training speed and memory against PyTorch on the CPU: the same networks, batch and threads, interleaved.

    python3 bench/train/compare.py --bench build/bench_network --markdown docs/performance-training.md

Run it with a Python that has PyTorch, on an otherwise idle machine. Each row alternates the two programs ROUNDS times; a figure
is the median with the smallest and largest round, the ratio is that of the medians.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys

CASES = [("mlp-complex", 16), ("mlp-complex", 256), ("cnn-vanilla", 16), ("cnn-vanilla", 64), ("resnet9", 16),
         ("resnet9", 64)]
HERE = os.path.dirname(os.path.abspath(__file__))


def last_json(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def measure(arguments, arch, batch):
    rounds = {"halftone": [], "pytorch": []}
    for _ in range(arguments.rounds):
        rounds["halftone"].append(last_json([arguments.bench, "train", arch, str(batch), str(arguments.threads),
                                             str(arguments.seconds)]))
        rounds["pytorch"].append(last_json([sys.executable, os.path.join(HERE, "torch_side.py"), arch, str(batch),
                                            str(arguments.threads), str(arguments.seconds)]))
    row = {"arch": arch, "batch": batch, "threads": arguments.threads}
    for name, runs in rounds.items():
        rates = [run["images_per_second"] for run in runs]
        row[name] = {"median": statistics.median(rates), "low": min(rates), "high": max(rates),
                     "peak_bytes": max(run["peak_bytes"] for run in runs), "version": runs[0]["version"]}
    row["gflops"] = statistics.median(run["gflops"] for run in rounds["halftone"])
    row["ratio"] = row["halftone"]["median"] / row["pytorch"]["median"]
    return row


def markdown(rows, arguments):
    command = "python3 bench/train/compare.py --bench build/bench_network --markdown docs/performance-training.md"
    lines = ["# Training speed against PyTorch", "",
             f"Made by `{command}` (needs PyTorch; `cmake --build build --target bench_network` builds the other side).", "",
             f"Processor: {processor()}, {os.cpu_count()} cores. PyTorch {rows[0]['pytorch']['version']}, "
             f"Halftone {rows[0]['halftone']['version']}, f32, {arguments.threads} threads, {arguments.rounds} interleaved "
             f"rounds of {arguments.seconds:g} s; median (smallest to largest). Memory is the largest resident set.", "",
             "| network | batch | Halftone, images/s | PyTorch, images/s | ratio | GFLOP/s | memory, MB |",
             "|---|---|---|---|---|---|---|"]
    for row in rows:
        def figure(name):
            part = row[name]
            return f"{part['median']:,.0f} ({part['low']:,.0f} to {part['high']:,.0f})"
        lines.append(f"| {row['arch']} | {row['batch']} | {figure('halftone')} | {figure('pytorch')} | {row['ratio']:.2f} | "
                     f"{row['gflops']:.0f} | {row['halftone']['peak_bytes'] / 1e6:.0f} / "
                     f"{row['pytorch']['peak_bytes'] / 1e6:.0f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", default="build/bench_network")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--markdown")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    rows = []
    for arch, batch in CASES:
        rows.append(measure(arguments, arch, batch))
        print(json.dumps(rows[-1]), flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(rows, file, indent=1)
    if arguments.markdown:
        with open(arguments.markdown, "w") as file:
            file.write(markdown(rows, arguments))


main()
