"""Runs a model in ONNX Runtime on the first samples of the Fashion-MNIST test set and prints the share of right predictions.

usage: accuracy.py MODEL FOLDER SAMPLES   (FOLDER has t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz)

The preprocessing is read from the model's metadata, where Halftone stored it.
"""

import gzip
import json
import pathlib
import sys

import numpy
import onnxruntime


def read(path, header, count):
    with gzip.open(path) as file:
        return numpy.frombuffer(file.read()[header:], numpy.uint8)[:count]


def preprocess(pixels, steps):
    values = pixels.astype(numpy.float32)
    for step in steps:
        if "scale" in step:
            values = values * numpy.float32(step["scale"]["multiply"]) / numpy.float32(step["scale"]["divide"])
        elif "normalize" in step:
            mean, deviation = (numpy.float32(step["normalize"][key][0]) for key in ("mean", "deviation"))
            values = (values - mean) / deviation
        else:
            sys.exit(f"accuracy.py does not know the step {step}")
    return values


def main():
    folder, samples = pathlib.Path(sys.argv[2]), int(sys.argv[3])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
    steps = json.loads(session.get_modelmeta().custom_metadata_map["halftone.preprocess"])["steps"]
    pixels = read(folder / "t10k-images-idx3-ubyte.gz", 16, samples * 784).reshape(samples, 1, 28, 28)
    labels = read(folder / "t10k-labels-idx1-ubyte.gz", 8, samples)
    (scores,) = session.run(None, {session.get_inputs()[0].name: preprocess(pixels, steps)})
    print(f"{(scores.argmax(axis=1) == labels).mean():.4f}")


if __name__ == "__main__":
    main()
