"""Weights of 2, 4 and 8 bits as QuantizeLinear's kin of operator set 21 and later store them: what `halftone quantize --kind
weight-only` writes runs in ONNX Runtime and gives our numbers; files of others are read into annotations, keep every code when
written again, and compute what ONNX Runtime computes.

usage: packed.py HALFTONE
"""
import pathlib
import subprocess
import tempfile

import ml_dtypes
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from exchange import HALFTONE, RANDOM, constants_of, halftone, keeps_bytes, layer_of, ours, peer, same, save, scales

KINDS = {"int4": (ml_dtypes.int4, -8, 7, 21), "uint4": (ml_dtypes.uint4, 0, 15, 21), "int2": (ml_dtypes.int2, -2, 1, 25),
         "uint2": (ml_dtypes.uint2, 0, 3, 25), "int8": (numpy.int8, -128, 127, 21), "uint8": (numpy.uint8, 0, 255, 21)}


# ---- files of others ----

def codes(kind, *shape):
    dtype, low, high, _ = KINDS[kind]
    return RANDOM.integers(low, high + 1, shape).astype(dtype)


def as_typed_field(array, kind, name):
    """The same tensor with its codes in int32_data, where two or four of them share a number."""
    dtype, _, _, _ = KINDS[kind]
    number = helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))
    return helper.make_tensor(name, number, array.shape, array.astype(numpy.int32).ravel())


FORMS = [  # name, shape of the weight, axis, block, nodes behind it, shape of x, whether it becomes an annotation
    ("tensor", (48, 10), None, 0, (5, 48), True),
    ("axis 1", (48, 10), 1, 0, (5, 48), True),
    ("axis -2", (48, 10), -2, 0, (5, 48), True),
    ("blocks of 16", (48, 10), 0, 16, (5, 48), True),
    ("a short last block", (45, 7), 0, 16, (5, 45), True),
    ("one block", (45, 7), 0, 64, (5, 45), True),
    ("blocks along the outputs", (48, 10), 1, 4, (5, 48), True),
    ("blocks of a stack of matrices", (1, 48, 10), 1, 16, (1, 5, 48), True),
    ("blocks of two matrices", (2, 48, 10), 1, 16, (2, 5, 48), False),
]


def foreign(folder):
    count = 0
    for kind, (_, _, _, opset) in KINDS.items():
        for form, shape, axis, block, x_shape, annotated in FORMS:
            for with_zero in (False, True):
                name = f"{kind}, {form}, {'zero points' if with_zero else 'no zero points'}"
                parameters = [] if axis is None else [shape[axis]] if block == 0 else list(shape)
                if block != 0:
                    parameters[axis] = -(-shape[axis] // block)
                attributes = {} if axis is None else {"axis": axis} if block == 0 else {"axis": axis, "block_size": block}
                weight = codes(kind, *shape)
                typed = count % 2 == 1 and kind not in ("int8", "uint8")
                constants = [as_typed_field(weight, kind, "w") if typed else numpy_helper.from_array(weight, "w"),
                             numpy_helper.from_array(scales(*parameters), "s")]
                if with_zero:
                    constants.append(numpy_helper.from_array(codes(kind, *parameters), "z"))
                nodes = [helper.make_node("DequantizeLinear", ["w", "s", "z"][:2 + with_zero], ["real"], **attributes),
                         helper.make_node("MatMul", ["x", "real"], ["y"], name="product")]
                path = folder / "foreign.onnx"
                save(path, nodes, constants, x_shape, opset, y_rank=len(shape))
                check_foreign(name, path, RANDOM.normal(size=x_shape).astype(numpy.float32), folder, with_zero)
                layer = layer_of(path)
                bits = int(kind.lstrip("uint"))
                wanted = (bits, block if block < shape[axis or 0] else 0) if annotated else (0, 0)
                assert (layer["weight_bits"], layer["weight_block"]) == wanted, f"{name}: info says {layer}"
                count += 1
    print(f"{count} files of others")


def check_foreign(name, path, x, folder, whole):
    """Runs as the peer does, before and after we write it again, and keeps its numbers; `whole`: no zero points are added."""
    theirs = peer(path, x)
    same(name, ours(path, x, folder), theirs)
    again = keeps_bytes(name, path, folder)
    numpy.testing.assert_array_equal(peer(again, x), theirs, err_msg=f"{name}, written again")
    kept = constants_of(again)
    missing = [entry for entry in constants_of(path) if entry[2] not in [other[2] for other in kept]]
    assert not missing, f"{name}: written again, {[entry[:2] for entry in missing]} are not the same"
    assert not whole or len(kept) == len(constants_of(path)), f"{name}: written again, there are other constants"


# ---- inputs and outputs ----

def ends(folder):
    """A model that takes codes and gives codes; .npy files have them in bytes, and codes that are none are refused."""
    for kind in ("int4", "uint4", "int2", "uint2"):
        dtype, low, high, opset = KINDS[kind]
        number = helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))
        nodes = [helper.make_node("DequantizeLinear", ["x", "s"], ["real"], axis=1, block_size=4),
                 helper.make_node("Neg", ["real"], ["negative"]),
                 helper.make_node("QuantizeLinear", ["negative", "one", "zero"], ["y"])]
        scale = scales(3, 2) * 10
        constants = [numpy_helper.from_array(scale, "s"), numpy_helper.from_array(numpy.float32(0.5), "one"),
                     numpy_helper.from_array(numpy.array(1, dtype), "zero")]
        path = folder / "ends.onnx"
        save(path, nodes, constants, [3, 7], opset, number, number)
        x = RANDOM.integers(low, high + 1, (3, 7)).astype(numpy.int8 if low < 0 else numpy.uint8)
        real = -(x.astype(numpy.float32) * numpy.repeat(scale, 4, axis=1)[:, :7])
        wanted = numpy.clip(numpy.rint(real / numpy.float32(0.5)) + 1, low, high).astype(x.dtype)
        numpy.testing.assert_array_equal(ours(path, x, folder), wanted, err_msg=f"{kind} at both ends")
        x[1, 2] = high + 1
        numpy.save(folder / "x.npy", x)
        done = subprocess.run([HALFTONE, "run", path, "--input", f"x={folder / 'x.npy'}", "--output-dir", folder / "out", "--force"],
                              capture_output=True, text=True)
        assert done.returncode == 1 and str(high + 1) in done.stderr, f"{kind}: {done.returncode}: {done.stderr}"
    print("4 types at both ends")


# ---- what we write ----

def float_network(path, kind):
    def weights(*shape):
        return numpy_helper.from_array(RANDOM.uniform(-1, 1, shape).astype(numpy.float32), "w")

    if kind == "MatMul":
        save(path, [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], [weights(100, 12)], [3, 100], 17)
        return (3, 100)
    if kind == "Gemm":
        save(path, [helper.make_node("Gemm", ["x", "w"], ["y"], transB=1, name="product")], [weights(12, 100)], [3, 100], 17)
        return (3, 100)
    if kind == "Conv":
        save(path, [helper.make_node("Conv", ["x", "w"], ["y"], name="product")], [weights(6, 5, 3, 3)], [2, 5, 7, 7], 17,
             y_rank=4)
        return (2, 5, 7, 7)
    save(path, [helper.make_node("ConvTranspose", ["x", "w"], ["y"], name="product")], [weights(5, 6, 3, 3)], [2, 5, 7, 7], 17,
         y_rank=4)
    return (2, 5, 7, 7)


def written(folder):
    count = 0
    for kind in ("MatMul", "Gemm", "Conv", "ConvTranspose"):
        shape = float_network(folder / "float.onnx", kind)
        x = RANDOM.normal(size=shape).astype(numpy.float32)
        for bits in (2, 3, 4, 8):
            for levels in ("symmetric", "affine"):
                for granularity in ("block:32", "block:16", "channel", "tensor"):
                    name = f"{kind}, {bits} bits, {levels}, {granularity}"
                    path = folder / "written.onnx"
                    halftone("quantize", folder / "float.onnx", "--kind", "weight-only", "--bits", bits, "--levels", levels,
                             "--granularity", granularity, "-o", path, "--force", "-q")
                    model = onnx.load(path)
                    onnx.checker.check_model(model, full_check=True)
                    same(name, ours(path, x, folder), peer(path, x))
                    stored = next(tensor for tensor in model.graph.initializer if tensor.name == "w.codes")
                    wanted = {2: ("INT2", "UINT2"), 3: ("INT4", "UINT4"), 4: ("INT4", "UINT4"), 8: ("INT8", "UINT8")}[bits]
                    assert TensorProto.DataType.Name(stored.data_type) in wanted, f"{name}: stored as {stored.data_type}"
                    elements = int(numpy.prod(stored.dims))
                    assert len(stored.raw_data) == -(-elements * {2: 2, 3: 4, 4: 4, 8: 8}[bits] // 8), f"{name}: not packed"
                    layer = layer_of(path)
                    block = int(granularity[6:]) if granularity.startswith("block") else 0
                    assert (layer["weight_bits"], layer["weight_block"]) == (bits, block), f"{name}: info says {layer}"
                    count += 1
    print(f"{count} files of ours")


def main():
    with tempfile.TemporaryDirectory() as name:
        foreign(pathlib.Path(name))
        ends(pathlib.Path(name))
        written(pathlib.Path(name))


main()
