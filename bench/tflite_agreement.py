"""Integer TFLite models that others quantized: do they give here, bit for bit, what LiteRT's reference kernels give? Prints a
section of the page docs/accuracy-of-ptq.md, which bench/ptq_accuracy.py makes.

usage: python3 bench/tflite_agreement.py TESTER SHARED

TESTER is test_tflite_models of a build, SHARED the folder with data/ and models/. Needs ai-edge-litert and Pillow. Each model runs
on what there is for it: pictures that fit, and 1,000 samples of random codes. The states of a network with a memory last from
one sample to the next.
"""

import dataclasses
import gzip
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

import numpy
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "tflite"))
import oracle

RANDOM_SAMPLES = 1000
RANDOM = numpy.random.default_rng(5)
# Model, the pictures that it gets; random codes for all but the MobileNets. Features of sounds need a front end that is in none
# of the files: those models get random codes only. So does the large ResNet, for which LiteRT's reference kernels take long.
MODELS = [
    ("mlperf-tiny/ad01_int8", None),
    ("mlperf-tiny/kws_ref_model", None),
    ("mlperf-tiny/str_ww_ref_model", None),
    ("tflite-micro/micro_speech_quantized", None),
    ("tflite-micro/trained_lstm_int8", "digits"),
    ("tflite-micro/person_detect", "photographs"),
    ("mlperf-tiny/vww_96_int8", "photographs"),
    ("mlperf-tiny/pretrainedResnet_quant", "cifar"),
    ("mlperf-tiny/pretrainedResnet_large_int8", None),
    ("mobilenet/mobilenet_v1_0.25_128_quant", "imagenet"),
    ("mobilenet/mobilenet_v2_1.0_224_quant", "imagenet"),
    ("mobilenet/tf2_mobilenet_v2_1.0_224_ptq", "imagenet"),
]


@dataclasses.dataclass
class Result:
    samples: int  # pictures first
    pictures: int
    compared: int  # numbers
    different: int
    largest: int
    ours: numpy.ndarray  # classes of the pictures
    theirs: numpy.ndarray


# ---- what there is ----

def picture(file, height, width, grey):
    """The middle square, resized: values of 0..255."""
    image = Image.open(file).convert("L" if grey else "RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side)).resize((width, height), Image.Resampling.BILINEAR)
    return numpy.asarray(image, numpy.float32).reshape(height, width, -1)


def imagenet(shared):
    return sorted((shared / "data" / "imagenet-250").glob("*.JPEG"))


def cifar(shared):
    with tarfile.open(shared / "data" / "cifar10-jpeg.tar.xz") as archive:
        for member in archive:
            if "/test/" in f"/{member.name}" and member.isfile():
                yield archive.extractfile(member)


def files_of(kind, shared):
    if kind == "cifar":
        return cifar(shared)
    if kind == "imagenet":
        return imagenet(shared)
    samples = shared / "models" / "tflite-micro" / "testdata"
    return imagenet(shared) + sorted((shared / "data" / "coco-mini").rglob("*.jpg")) + sorted(samples.glob("*person.bmp"))


def digits(shared):
    """The test set of MNIST, and ten digits that come with the model."""
    with gzip.open(shared / "data" / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        images = numpy.frombuffer(file.read(), numpy.uint8)[16:].reshape(-1, 28, 28).astype(numpy.float32)
    samples = sorted((shared / "models" / "tflite-micro" / "testdata").glob("sample*.png"))
    return numpy.concatenate([images, *(picture(path, 28, 28, True).reshape(1, 28, 28) for path in samples)])


def codes(numbers, detail):
    """Numbers of 0..255 as codes of the input: over the range that the codes stand for."""
    scale, zero = detail["quantization"]
    limits = numpy.iinfo(detail["dtype"])
    low, high = (limits.min - zero) * scale, (limits.max - zero) * scale
    real = numbers if high > 100 else numbers / 127.5 - 1 if low < -0.25 else numbers / 255
    return numpy.clip(numpy.round(real / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def samples_for(kind, detail, shared):
    """Codes of pictures, then random ones; and how many there are of the former."""
    shape, limits = tuple(detail["shape"]), numpy.iinfo(detail["dtype"])
    count = 0 if kind == "imagenet" else RANDOM_SAMPLES
    random = RANDOM.integers(limits.min, limits.max, (count, *shape[1:]), detail["dtype"], endpoint=True)
    if kind is None:
        return random, 0
    if kind == "digits":
        numbers = digits(shared)
    else:
        numbers = numpy.stack([picture(path, *shape[1:3], shape[3] == 1) for path in files_of(kind, shared)])
    return numpy.concatenate([codes(numbers, detail).reshape(-1, *shape[1:]), random]), len(numbers)


def true_classes(shared):
    """The place of each picture's class in the label list. Pictures are called wnid_name; wnids rise with the classes, which
    decides where a name stands for several."""
    labels = (shared / "models" / "mobilenet" / "imagenet_labels.txt").read_text().splitlines()
    plain = [[name.lower().replace("-", " ").replace("'", "") for name in line.split(", ")] for line in labels]
    before, out = 0, []
    for path in imagenet(shared):
        name = path.stem.split("_", 1)[1].replace("_", " ").replace("-", " ").replace("'", "").lower()
        left = range(before + 1, len(plain))
        before = next((i for i in left if plain[i][0] == name), None) or next(i for i in left if name in plain[i])
        out.append(before)
    return numpy.array(out)


# ---- both runtimes ----

def compare(tester, shared, model, kind, folder):
    path = shared / "models" / f"{model}.tflite"
    interpreter = Interpreter(model_content=oracle.content(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    detail, output = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    samples, pictures = samples_for(kind, detail, shared)
    inputs, ours = folder / "inputs", folder / "outputs"
    for each in (inputs, ours):
        each.mkdir(exist_ok=True)
    given = inputs / f"{path.stem}.in0.bin"
    samples.tofile(given)
    subprocess.run([tester], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                   env={**os.environ, "HALFTONE_TFLITE_MODELS": str(path.parent), "HALFTONE_TFLITE_INPUTS": str(inputs),
                        "HALFTONE_TFLITE_SAMPLES": str(ours)})
    given.unlink()
    mine = numpy.fromfile(ours / f"{path.stem}.out0.bin", output["dtype"]).reshape(len(samples), -1)
    theirs = numpy.empty_like(mine)
    for i, sample in enumerate(samples):
        interpreter.set_tensor(detail["index"], sample[None])
        interpreter.invoke()
        theirs[i] = interpreter.get_tensor(output["index"]).reshape(-1)
    apart = numpy.abs(mine.astype(int) - theirs.astype(int))
    return Result(len(samples), pictures, apart.size, int((apart > 0).sum()), int(apart.max()),
                  mine[:pictures].argmax(1), theirs[:pictures].argmax(1))


def section(tester, shared):
    """Prints it."""
    rows, top = [], []
    with tempfile.TemporaryDirectory() as name:
        for model, kind in MODELS:
            result = compare(tester, shared, model, kind, pathlib.Path(name))
            stem = model.split("/")[1]
            rows.append(f"| {stem} | {result.pictures or ''} | {result.samples - result.pictures or ''} | {result.compared:,} | "
                        f"{result.different} | {result.largest if result.different else ''} |")
            if kind == "imagenet":
                truth = true_classes(shared)
                top.append(f"| {stem} | {len(truth)} | {(result.ours == truth).mean():.3f} | "
                           f"{(result.theirs == truth).mean():.3f} |")
            print(rows[-1], file=sys.stderr, flush=True)
    print("## Integer models of others\n")
    print("TFLite models as others quantized them, run in integers here and in LiteRT's reference kernels (no delegate, version")
    print("in `tools/oracles.txt`), by `bench/tflite_agreement.py`: each output number compared, on the pictures at hand (the middle")
    print("square, bilinear) and on random codes. The states of the LSTM last from sample to sample. The features of sounds need")
    print("a front end that is in none of the files.\n")
    print("| model | pictures | random samples | numbers compared | different | by up to |")
    print("|---|---|---|---|---|---|")
    print("\n".join(rows))
    print("\nTop-1 on 250 pictures, one each of 250 ImageNet classes (not the validation set: higher than published):\n")
    print("| model | pictures | Halftone | LiteRT |")
    print("|---|---|---|---|")
    print("\n".join(top))


if __name__ == "__main__":
    section(sys.argv[1], pathlib.Path(sys.argv[2]))
