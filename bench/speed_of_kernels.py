"""Writes docs/speed-of-kernels.md: the rows of `halftone_check --bench` in f32 and bf16, the best of several rounds.

usage: python bench/speed_of_kernels.py HALFTONE_CHECK [--rounds N] > docs/speed-of-kernels.md

Needs nothing but Python. Run it on an idle machine; a round takes about two minutes.
"""

import argparse
import re
import subprocess
import sys

ROW = re.compile(r"^\s*(?P<title>.+?)\s+(?P<kernel>[a-z]\w*_\w+)\s+(?P<time>[\d.]+) us\s+(?P<rate>[\d.]+) (?P<unit>Gop/s|GB/s)"
                 r"(?:\s+(?P<share>[\d.]+) %)?")
PASSES = ("gradient of x", "gradient of w, b")


class Round:
    """One run of the bench: rows by title, in order; a gradient's title follows its convolution's."""

    def __init__(self, text):
        lines = text.splitlines()
        self.features, self.peak = re.match(r"(.*); 1 threads; measured f32 peak ([\d.]+)", lines[0]).groups()
        self.rows, self.int8_peak, section, parent = {}, 0.0, "", ""
        for line in lines[1:]:
            if line.startswith("--"):
                section = line[3:].split(",")[0]
            elif line.startswith("measured int8 peak"):
                self.int8_peak, section = float(line.split()[3]), "int8"
            elif match := ROW.match(line):
                title = match["title"]
                if title in PASSES:
                    title = f"{parent}: {title}"
                else:
                    # the bench's second row of this shape is the depthwise one
                    title = f"{section} {title}".strip()
                    parent = title = title + ", depthwise" if title in self.rows and title.startswith("conv") else title
                time, rate = float(match["time"]), float(match["rate"])
                self.rows[title] = {"kernel": match["kernel"], "us": time, "rate": rate, "unit": match["unit"],
                                    "share": float(match["share"] or 0)}


def best(rounds):
    """The fastest round of each row."""
    return {title: min((r.rows[title] for r in rounds), key=lambda row: row["us"]) for title in rounds[0].rows}


def share(row, peak):
    return f"{row['rate']:.0f} ({100 * row['rate'] / peak:.0f} %)"


def convolutions(f32, bf16, peak):
    yield "| images x channels x size → filters | f32 | bf16 | gradient of x, f32 | bf16 | gradient of w and b, f32 | bf16 |"
    yield "|---|---|---|---|---|---|---|"
    for title in f32:
        if title.startswith("conv ") and ":" not in title:
            cells = []
            for name in (title, *(f"{title}: {part}" for part in PASSES)):
                cells += [share(f32[name], peak), f"{bf16[name]['rate']:.0f}"]
            yield f"| {title[5:].replace('^2', '²').replace('->', '→')} | " + " | ".join(cells) + " |"


def maps(f32):
    sizes = sorted({title.split()[1] for title in f32 if title.startswith("map ")}, key=lambda size: -len(size) or size)
    yield "| kernel | " + " | | ".join(size.replace("^2", "²") for size in sizes) + " | |"
    yield "|---|" + "---|---|" * len(sizes)
    for title in f32:
        if title.startswith(f"map {sizes[0]} "):
            name = title.split(" ", 2)[2]
            cells = [f"{f32[f'map {size} {name}']['us']:.0f} | {f32[f'map {size} {name}']['rate']:.1f} GB/s" for size in sizes]
            yield f"| {name} | " + " | ".join(cells) + " |"


def products(f32):
    yield "| rows x columns x depth | y = x wᵀ | gradient of x | gradient of w |"
    yield "|---|---|---|---|"
    for title in f32:
        if title.startswith("matmul ") and title.endswith("(b transposed)"):
            name = title.removesuffix(" (b transposed)")
            cells = [f"{f32[name + ending]['us']:.1f}" for ending in (" (b transposed)", "", " (a transposed)")]
            yield f"| {name[7:]} | " + " | ".join(cells) + " |"


def integers(rows, peak):
    yield "| call | kernel | µs | Gop/s |"
    yield "|---|---|---|---|"
    for title, row in rows.items():
        if title.startswith("int8 "):
            name = title[5:].replace("^2", "²").replace("->", "→")
            yield f"| {name} | {row['kernel']} | {row['us']:.0f} | {share(row, peak)} |"


PAGE = """# Speed of kernels

    python bench/speed_of_kernels.py build/halftone_check > docs/speed-of-kernels.md

wrote this page. `build/halftone_check --bench --threads 1 [--bf16]` prints the rows for your machine (`--family conv` for a
part; more threads are timed by the clock and want an idle machine). Each figure is the lower quartile of the runs in 0.2 s of
the thread's own processor time, the best of {rounds} rounds. Weights of float products are brought into the kernel's format in
each run, as training does.

Processor: {processor}; features: {features}. One thread; its measured f32 peak (independent multiply-adds in registers) is
{peak:.0f} GFLOP/s, its int8 peak (independent products of four bytes each) {int8_peak:.0f} Gop/s. A shared machine: its clock
rises and falls between rounds, so a row may pass 100 % of the peak that another moment of the same round gave.

## Convolutions

GFLOP/s, with the share of the f32 peak; a batch of 64 channels-last maps, stride 1, same padding, f32 sums. Through oneDNN.
Where bf16 does not pay, the f32 kernel is taken and both figures are the same but for noise.

{convolutions}

The first layer's gradient of x is never needed. In plain C (`halftone_check_rt --bench`, what a build without oneDNN
uses) the middle rows reach 35 to 42 GFLOP/s, a quarter of the peak: products and sums are rounded one by one, so that
every instruction set gives the same bits.

## Maps

Time in microseconds and GB of inputs and outputs per second; plain C.

{maps}

## Small matrix products

Microseconds, f32. Below 32,768 multiplications the plain-C kernel runs, above oneDNN's.

{products}

## Integers

One image, channels-last, uint8 or int8 by int8 with the fused requantization; microseconds and Gop/s with the share of the
int8 peak. Padding does not count as work.

{integers}
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("halftone_check")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    rounds = {"f32": [], "bf16": []}
    for number in range(options.rounds):
        for kind, flags in (("f32", []), ("bf16", ["--bf16"])):
            print(f"round {number + 1} of {options.rounds}, {kind}", file=sys.stderr, flush=True)
            command = [options.halftone_check, "--bench", "--threads", "1", *flags]
            rounds[kind].append(Round(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    f32, bf16 = best(rounds["f32"]), best(rounds["bf16"])
    everything = rounds["f32"] + rounds["bf16"]
    peak, int8_peak = max(float(r.peak) for r in everything), max(r.int8_peak for r in everything)
    with open("/proc/cpuinfo") as cpuinfo:
        processor = next((line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")), "unknown")
    join = "\n".join
    print(PAGE.format(rounds=options.rounds, processor=processor, features=everything[0].features, peak=peak, int8_peak=int8_peak,
                      convolutions=join(convolutions(f32, bf16, peak)), maps=join(maps(f32)), products=join(products(f32)),
                      integers=join(integers(best(everything), int8_peak))), end="")


if __name__ == "__main__":
    main()
