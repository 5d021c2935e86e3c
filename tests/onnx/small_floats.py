"""Floats of 8 bits and bf16 as constants, behind DequantizeLinear and Cast, and between QuantizeLinear and DequantizeLinear: we
compute what ONNX Runtime computes, where it can, else what NumPy's types give, and keep every constant when we write the model
again.

usage: small_floats.py HALFTONE
"""
import pathlib
import tempfile

import ml_dtypes
import numpy
from onnx import TensorProto, helper, numpy_helper

from exchange import RANDOM, constants_of, keeps_bytes, ours, peer, same, save, scales

EIGHTS = (ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e4m3fnuz, ml_dtypes.float8_e5m2, ml_dtypes.float8_e5m2fnuz)
PRODUCT = helper.make_node("MatMul", ["x", "real"], ["y"], name="product")


def check(name, nodes, constants, opset, folder, wanted=None):
    """`wanted`: a function of x, where ONNX Runtime has no kernel."""
    path = folder / "floats.onnx"
    save(path, nodes, constants, [3, 16], opset)
    x = RANDOM.normal(size=(3, 16)).astype(numpy.float32)
    theirs = peer(path, x) if wanted is None else wanted(x)
    tolerance = 1e-6 if wanted is None else 1e-2
    same(name, ours(path, x, folder), theirs, tolerance)
    again = keeps_bytes(name, path, folder)
    same(f"{name}, written again", ours(again, x, folder), theirs, tolerance)
    assert constants_of(path) == constants_of(again), f"{name}: written again, the constants differ"


def eights(folder):
    for dtype in EIGHTS:
        name = dtype.__name__
        weight = RANDOM.normal(size=(16, 5)).astype(dtype)
        number = helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))
        stored, typed = numpy_helper.from_array(weight, "w"), helper.make_tensor("w", number, weight.shape, weight.ravel())
        one, five, blocks = (numpy_helper.from_array(scales(*shape), "s") for shape in ((), (5,), (4, 5)))
        zero = numpy_helper.from_array(numpy.zeros((), dtype), "z")
        zeros = numpy_helper.from_array(numpy.zeros(5, dtype), "z")

        def decode(operands, **attributes):
            return [helper.make_node("DequantizeLinear", operands, ["real"], **attributes), PRODUCT]

        check(f"{name}, a scale", decode(["w", "s"]), [stored, one], 19, folder)
        check(f"{name}, scales of channels", decode(["w", "s", "z"], axis=1), [stored, five, zeros], 19, folder)
        check(f"{name}, scales of blocks", decode(["w", "s"], axis=0, block_size=4), [stored, blocks], 21, folder)
        cast = [helper.make_node("Cast", ["w"], ["real"], to=TensorProto.FLOAT), PRODUCT]
        check(f"{name}, cast", cast, [stored], 19, folder)
        check(f"{name}, the typed field", cast, [typed], 19, folder)
        pair = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["codes"]),
                helper.make_node("DequantizeLinear", ["codes", "s", "z"], ["real"]), helper.make_node("Relu", ["real"], ["y"])]
        check(f"{name}, an activation", pair, [one, zero], 19, folder)
    print(f"{6 * len(EIGHTS)} models with floats of 8 bits")


def bf16(folder):
    weight = RANDOM.normal(size=(16, 5)).astype(ml_dtypes.bfloat16)
    stored = numpy_helper.from_array(weight, "w")
    typed = helper.make_tensor("w", TensorProto.BFLOAT16, weight.shape, weight.astype(numpy.float32).ravel())
    cast = [helper.make_node("Cast", ["w"], ["real"], to=TensorProto.FLOAT), PRODUCT]
    check("bf16, cast", cast, [stored], 17, folder)
    check("bf16, the typed field", cast, [typed], 17, folder)
    ends = [helper.make_node("Cast", ["x"], ["narrow"], to=TensorProto.BFLOAT16),
            helper.make_node("MatMul", ["narrow", "w"], ["product"], name="product"),
            helper.make_node("Cast", ["product"], ["y"], to=TensorProto.FLOAT)]
    check("bf16, a product", ends, [stored], 17, folder, lambda x: x @ weight.astype(numpy.float32))
    codes = RANDOM.integers(-8, 8, (16, 5)).astype(ml_dtypes.int4)
    scale = scales(4, 5).astype(ml_dtypes.bfloat16)
    constants = [numpy_helper.from_array(codes, "codes"), numpy_helper.from_array(scale, "s")]
    decode = [helper.make_node("DequantizeLinear", ["codes", "s"], ["w"], axis=0, block_size=4)] + ends
    real = codes.astype(numpy.float32) * numpy.repeat(scale.astype(numpy.float32), 4, axis=0)
    check("bf16, scales of int4", decode, constants, 21, folder, lambda x: x @ real)
    print("4 models with bf16")


def main():
    with tempfile.TemporaryDirectory() as name:
        eights(pathlib.Path(name))
        bf16(pathlib.Path(name))


main()
