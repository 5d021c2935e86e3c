"""What post-training quantization costs: prints the page docs/accuracy-of-ptq.md.

usage: python3 bench/ptq_accuracy.py HALFTONE BUILDER WEIGHTS > docs/accuracy-of-ptq.md

HALFTONE is the program, BUILDER is bench_build_resnet, WEIGHTS the folder with resnet20.f32 and resnet32.f32 (published weights of
the CIFAR-10 ResNets). The data set cifar-10-jpeg is looked up as always. Nothing is trained.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

CALIBRATION = "cifar-10-jpeg:train[0:1024]"
TEST = "cifar-10-jpeg:test"
FIRST_LAST = ["--layer", "layer:first=int8", "--layer", "layer:last=int8"]
CASES = [
    ("W8A8", "per channel, min-max", ["--bits", "8/8"]),
    ("W4A8", "per channel, min-max; first and last layer 8 bits", ["--bits", "4/8", *FIRST_LAST]),
    ("W4A8", "per channel, min-max, every layer", ["--bits", "4/8"]),
]


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    halftone, builder, weights = sys.argv[1:4]
    version = json.loads(run(halftone, "version", "--json"))
    print("# Accuracy after post-training quantization\n")
    print("Made by `bench/ptq_accuracy.py`. Nothing is trained: batch norms are folded, ranges come from 1,024 training")
    print("pictures, biases are corrected. The published weights of the CIFAR-10 ResNets, evaluated on all 10,000 pictures of a")
    print("lossy copy of the test set (JPEG at quality 75), which costs the float network some ten points: only the")
    print("differences carry over. Quantized models run in integers. `p` is the exact McNemar test against f32 on the same")
    print("pictures.\n")
    print("| network | width | how | accuracy | change, points | flipped | p |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for depth in ("20", "32"):
            model = str(pathlib.Path(folder) / f"resnet{depth}.onnx")
            run(builder, weights, depth, model)
            first = True
            for width, how, options in CASES:
                output = str(pathlib.Path(folder) / "quantized.onnx")
                run(halftone, "quantize", model, "--kind", "static", "--calib", CALIBRATION, *options, "-o", output, "-q",
                    "--force")
                result = json.loads(run(halftone, "eval", output, "--baseline", model, "--data", TEST, "--json", "-q"))
                against = result["baseline"]
                if first:
                    print(f"| ResNet{depth} | f32 | | {result['accuracy'] - against['delta']:.4f} | | | |")
                    first = False
                print(f"| ResNet{depth} | {width} | {how} | {result['accuracy']:.4f} | {100 * against['delta']:+.2f} | "
                      f"{against['flipped']} | {against['p']:.2g} |", flush=True)
    print(f"\nHalftone {version.get('version', '')}.")


if __name__ == "__main__":
    main()
