"""What post-training quantization costs: prints the page docs/accuracy-of-ptq.md.

usage: python3 bench/ptq_accuracy.py HALFTONE BUILDER MODELS [DEPTH...] > docs/accuracy-of-ptq.md

HALFTONE is the program, BUILDER is bench_build_resnet, with test_tflite_models beside it, MODELS a folder with resnet-cifar10/
(published weights of the CIFAR-10 ResNets), mlperf-tiny/ (ResNet8 and its reference quantization, TFLite) and what
tflite_agreement.py, which makes the last section, wants. The data set cifar-10-jpeg is looked up as always. Nothing is trained.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import tflite_agreement

CALIBRATION = "cifar-10-jpeg:train[0:1024]"
TEST = "cifar-10-jpeg:test"
FIRST_LAST = ["--layer", "layer:first=int8", "--layer", "layer:last=int8"]
CASES = [
    ("W8A8", "per channel, min-max", ["--bits", "8/8"]),
    ("W4A8", "per channel, min-max; first and last layer 8 bits", ["--bits", "4/8", *FIRST_LAST]),
    ("W4A8", "per channel, min-max, every layer", ["--bits", "4/8"]),
    ("W4A8", "the same, adaptive rounding", ["--bits", "4/8", "--round", "adaptive"]),
]


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def compared(halftone, model, baseline, *options):
    result = json.loads(run(halftone, "eval", model, "--baseline", baseline, "--data", TEST, "--json", "-q", *options))
    return result, result["baseline"]


def resnet8(halftone, folder, models):
    """Ours from the float file, and the reference quantization of the same network; pictures of 0..255."""
    model, reference = models / "pretrainedResnet.tflite", models / "pretrainedResnet_quant.tflite"
    files = [(reference, "the reference file")]
    for choice in ("min-max", "percentile:99.99"):
        ours = pathlib.Path(folder) / f"resnet8-{choice[:3]}.tflite"
        run(halftone, "quantize", str(model), "--pre", "raw", "--calib", CALIBRATION, "--range", choice, "-o", str(ours), "-q",
            "--force")
        files.append((ours, f"ours: per channel, {choice}, TFLite"))
    for path, how in files:
        result, against = compared(halftone, str(path), str(model), "--pre", "raw")
        if path == reference:
            print(f"| ResNet8 | f32 | | {result['accuracy'] - against['delta']:.4f} | | | |")
        print(f"| ResNet8 | W8A8 | {how} | {result['accuracy']:.4f} | {100 * against['delta']:+.2f} | {against['flipped']} | "
              f"{against['p']:.2g} |", flush=True)


def main():
    halftone, builder = sys.argv[1:3]
    models = pathlib.Path(sys.argv[3])
    weights = str(models / "resnet-cifar10")
    version = json.loads(run(halftone, "version", "--json"))
    print("# Accuracy after post-training quantization\n")
    print("Made by `bench/ptq_accuracy.py`. Nothing is trained: batch norms are folded, ranges come from 1,024 training")
    print("pictures, biases are corrected. The published weights of the CIFAR-10 ResNets, evaluated on all 10,000 pictures of a")
    print("lossy copy of the test set (JPEG at quality 75), which costs the float network some ten points: only the")
    print("differences carry over. Quantized models run in integers. `p` is the exact McNemar test against f32 on the same")
    print("pictures. ResNet8's percentile was chosen on the validation split.\n")
    print("| network | width | how | accuracy | change, points | flipped | p |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        resnet8(halftone, folder, models / "mlperf-tiny")
        for depth in sys.argv[4:] or ("20", "32"):
            model = str(pathlib.Path(folder) / f"resnet{depth}.onnx")
            run(builder, weights, depth, model)
            first = True
            for width, how, options in CASES:
                output = str(pathlib.Path(folder) / "quantized.onnx")
                run(halftone, "quantize", model, "--kind", "static", "--calib", CALIBRATION, *options, "-o", output, "-q",
                    "--force")
                result, against = compared(halftone, output, model)
                if first:
                    print(f"| ResNet{depth} | f32 | | {result['accuracy'] - against['delta']:.4f} | | | |")
                    first = False
                print(f"| ResNet{depth} | {width} | {how} | {result['accuracy']:.4f} | {100 * against['delta']:+.2f} | "
                      f"{against['flipped']} | {against['p']:.2g} |", flush=True)
    print()
    tflite_agreement.section(pathlib.Path(builder).resolve().parent / "test_tflite_models", models.resolve().parent)
    print(f"\nHalftone {version.get('halftone', '')}.")


if __name__ == "__main__":
    main()
