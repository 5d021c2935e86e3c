"""Compares preprocessing with NumPy (and PyTorch, where it is installed), through the shared library.

Usage: oracle.py LIBRARY. Tables and pictures are made here, so nothing else is needed.
"""
import ctypes
import os
import sys
import tempfile

import numpy as np

library = ctypes.CDLL(sys.argv[1])


class Info(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("split", ctypes.c_char_p),
        ("samples", ctypes.c_size_t),
        ("rank", ctypes.c_size_t),
        ("dims", ctypes.c_size_t * 3),
        ("input_elements", ctypes.c_size_t),
        ("task", ctypes.c_int),
        ("classes", ctypes.c_size_t),
        ("class_names", ctypes.POINTER(ctypes.c_char_p)),
        ("target_width", ctypes.c_size_t),
        ("input_names", ctypes.POINTER(ctypes.c_char_p)),
        ("has_pictures", ctypes.c_bool),
    ]


class Error(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int),
        ("message", ctypes.c_char * 512),
        ("where", ctypes.c_char * 256),
        ("offset", ctypes.c_int64),
        ("line", ctypes.c_int64),
    ]


library.ht_dataset_describe.restype = ctypes.POINTER(Info)
context = ctypes.c_void_p()
assert library.ht_context_create(None, ctypes.byref(context), None) == 0


def read(spec):
    """All inputs and targets of a spec as arrays."""
    dataset, error = ctypes.c_void_p(), Error()
    if library.ht_dataset_open(context, spec.encode(), None, ctypes.byref(dataset), ctypes.byref(error)) != 0:
        sys.exit(f"{spec}: {error.message.decode()} {error.where.decode()}")
    info = library.ht_dataset_describe(dataset).contents
    shape = (info.samples, *info.dims[: info.rank])
    inputs = np.zeros(shape, np.float32)
    targets = np.zeros((info.samples, info.target_width), np.float32)
    indices = np.arange(info.samples, dtype=np.uint32)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (indices, inputs, targets)]
    status = library.ht_dataset_read(dataset, pointers[0], ctypes.c_size_t(info.samples), pointers[1], pointers[2], None)
    assert status == 0
    library.ht_dataset_close(dataset)
    return inputs, targets


def check(what, ours, wanted, tolerance):
    worst = float(np.abs(np.asarray(ours, np.float64) - wanted).max())
    print(f"{what}: largest difference {worst:.3g}")
    if not worst <= tolerance:
        sys.exit(f"{what}: differs by {worst} (allowed {tolerance})")


def tables(folder, random):
    rows = 1000
    columns = random.normal(size=(rows, 5)) * [1, 10, 1e3, 1e-3, 5] + [0, 5, -1e4, 1, 0]
    columns[:, 4] = 7.0  # constant
    label = random.integers(0, 3, rows)
    path = os.path.join(folder, "table.csv")
    with open(path, "w") as out:
        print("a,b,c,d,e,label", file=out)
        for row, name in zip(columns, label):
            print(",".join(repr(float(x)) for x in row) + f",k{name}", file=out)

    def spec(step, split):
        return f"csv:{path},target=label,preprocess={step}:{split}"

    raw = {split: read(spec("none", split)) for split in ("train", "test")}
    assert len(raw["train"][0]) == 600 and len(raw["test"][0]) == 200
    # Every row is in exactly one split, with its own label.
    joined, labels = read(spec("none", "train+validation+test"))
    order = np.lexsort(joined.T[::-1])
    wanted_order = np.lexsort(columns.astype(np.float32).T[::-1])
    assert np.array_equal(joined[order], columns.astype(np.float32)[wanted_order])
    assert np.array_equal(labels[order, 0], label[wanted_order])

    training = raw["train"][0].astype(np.float64)
    mean, deviation = training.mean(0), training.std(0)
    deviation[deviation < 1e-12] = 1
    low, span = training.min(0), np.ptp(training, 0)
    span[span == 0] = 1
    for split in raw:
        x = raw[split][0].astype(np.float64)
        check(f"standardize, {split}", read(spec("standardize", split))[0], (x - mean) / deviation, 3e-4)
        check(f"min-max, {split}", read(spec("min-max", split))[0], (x - low) / span, 3e-4)

    description = os.path.join(folder, "filter.yaml")
    with open(description, "w") as out:
        out.write(
            "name: filter\nreader: csv\noptions: {target: label}\nparts: {all: {table: table.csv}}\n"
            "preprocess: [{quantile-filter: {column: b, low: 0.1, high: 0.75}}]\n"
        )
    low, high = np.quantile(training[:, 1], [0.1, 0.75])
    for split in raw:
        b = raw[split][0][:, 1].astype(np.float64)
        kept = read(f"{description}:{split}")[0][:, 1]
        wanted = b[(b >= low) & (b <= high)]
        assert len(kept) == len(wanted), f"quantile-filter keeps {len(kept)} rows, not {len(wanted)}"
        check(f"quantile-filter, {split}", kept, wanted, 0)


def weights(inputs, outputs, antialias):
    """The matrix of a triangle filter at half-pixel centres."""
    scale = inputs / outputs
    support = max(scale, 1.0) if antialias else 1.0
    centres = (np.arange(outputs) + 0.5) * scale - 0.5
    if not antialias:
        centres = np.clip(centres, 0, inputs - 1)
    matrix = np.maximum(0, 1 - np.abs(np.arange(inputs)[None] - centres[:, None]) / support)
    return matrix / matrix.sum(1, keepdims=True)


def pictures(folder, random):
    pixels = random.integers(0, 256, (6, 3, 20, 33), dtype=np.uint8)
    np.save(os.path.join(folder, "x.npy"), pixels)
    np.save(os.path.join(folder, "y.npy"), np.arange(6))
    for height, width in ((32, 32), (7, 9), (20, 64), (41, 5), (1, 1)):
        for antialias in (True, False):
            path = os.path.join(folder, "resize.yaml")
            with open(path, "w") as out:
                out.write(
                    "name: r\nreader: npy\nparts: {test: {images: x.npy, labels: y.npy}}\npreprocess:\n"
                    f"  - resize: {{height: {height}, width: {width}, antialias: {str(antialias).lower()}}}\n"
                )
            ours = read(f"{path}:test")[0]
            exact = np.einsum("yi,ncij,xj->ncyx", weights(20, height, antialias), pixels.astype(np.float64),
                              weights(33, width, antialias))
            # Rounded once: never further than half a level away, but for float noise at the halves.
            check(f"resize {width}x{height}, antialias {antialias}", ours, exact, 0.5001)
            try:
                import torch
            except ImportError:
                continue
            theirs = torch.nn.functional.interpolate(
                torch.from_numpy(pixels).double(), (height, width), mode="bilinear", antialias=antialias
            ).numpy()
            check(f"resize {width}x{height}, PyTorch", ours, theirs, 0.5001)


with tempfile.TemporaryDirectory() as folder:
    generator = np.random.default_rng(1)
    tables(folder, generator)
    pictures(folder, generator)
