"""ONNX Runtime's MatMulNBits, as its quantizer writes it and with the rest of what its definition allows: we compute what ONNX
Runtime computes, say widths and blocks, and keep every code, scale and zero point when we write the model again.

usage: nbits.py HALFTONE
"""
import pathlib
import subprocess
import tempfile

import numpy
import onnx
from onnx import helper, numpy_helper

from exchange import HALFTONE, RANDOM, keeps_bytes, layer_of, ours, peer, same, save, scales


def network(path, k, n):
    weight = RANDOM.normal(size=(k, n)).astype(numpy.float32)
    save(path, [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], [numpy_helper.from_array(weight, "w")], [3, k], 17)


def as_quantizer_writes(folder, bits, block, symmetric, k, n):
    """The model that ONNX Runtime's own quantizer makes of a product."""
    from onnxruntime.quantization import QuantFormat
    from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

    network(folder / "float.onnx", k, n)
    config = DefaultWeightOnlyQuantConfig(block_size=block, is_symmetric=symmetric, accuracy_level=1, bits=bits,
                                          quant_format=QuantFormat.QOperator)
    quantizer = MatMulNBitsQuantizer(onnx.load(folder / "float.onnx"), algo_config=config)
    quantizer.process()
    quantizer.model.save_model_to_file(str(folder / "nbits.onnx"), False)
    return folder / "nbits.onnx"


def by_hand(folder, bits, block, k, n, zero, biased, dtype):
    """What the quantizer does not write: a bias, zero points that are numbers, other types."""
    blocks = -(-k // block)
    operands = ["x", "b", "s"]
    constants = [numpy_helper.from_array(RANDOM.integers(0, 256, (n, blocks, block * bits // 8), numpy.uint8), "b"),
                 numpy_helper.from_array(scales(n, blocks).astype(dtype), "s")]
    if zero == "packed":
        constants.append(numpy_helper.from_array(RANDOM.integers(0, 256, (n, -(-blocks * bits // 8)), numpy.uint8), "z"))
    elif zero == "numbers":
        middle = 2.0 ** (bits - 1)
        constants.append(numpy_helper.from_array(RANDOM.uniform(middle - 1, middle + 1, (n, blocks)).astype(dtype), "z"))
    operands.append("z" if zero else "")
    if biased:
        constants.append(numpy_helper.from_array(RANDOM.normal(size=n).astype(dtype), "c"))
        operands += ["", "c"]
    node = helper.make_node("MatMulNBits", operands, ["y"], domain="com.microsoft", name="product", K=k, N=n, bits=bits,
                            block_size=block)
    number = helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))
    save(folder / "nbits.onnx", [node], constants, [3, k], 21, number, number)
    return folder / "nbits.onnx"


def check_nbits(name, path, k, folder, bits, block, dtype=numpy.float32):
    x = RANDOM.normal(size=(3, k)).astype(dtype)
    theirs = peer(path, x)
    tolerance = 1e-4 if dtype is numpy.float32 else 2e-3
    same(name, ours(path, x, folder), theirs, tolerance)
    layer = layer_of(path)
    assert (layer["weight_bits"], layer["weight_block"]) == (bits, block if block < k else 0), f"{name}: info says {layer}"
    again = keeps_bytes(name, path, folder)
    same(name + ", written again", peer(again, x), theirs, tolerance)
    check_codes(name, path, again, k, bits, block)


def unpack(packed, bits):
    """Rows of bytes as rows of codes, the lowest bits first."""
    parts = [packed >> shift & (1 << bits) - 1 for shift in range(0, 8, bits)]
    return numpy.stack(parts, axis=-1).reshape(packed.shape[0], -1)


def check_codes(name, path, again, k, bits, block):
    """Every code, scale and zero point stands in what was written again."""
    node = next(node for node in onnx.load(path).graph.node if node.op_type == "MatMulNBits")
    before = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    after = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(again).graph.initializer}
    stored = before[node.input[1]]
    n, blocks = stored.shape[0], -(-k // block)
    wanted = unpack(stored.reshape(n, -1), bits)[:, :k].T
    weights = next(key[:-6] for key in after if key.endswith(".codes"))
    scale = before[node.input[2]].reshape(n, blocks).astype(numpy.float32)
    zero = before[node.input[3]] if len(node.input) > 3 and node.input[3] else None
    if zero is None:
        zero = numpy.full((n, blocks), 1 << bits - 1)
    elif zero.dtype == numpy.uint8:
        zero = unpack(zero.reshape(n, -1), bits)[:, :blocks]
    got = after[weights + ".codes"].astype(numpy.uint8)
    if got.ndim == 3:  # other zero points than codes: [N, blocks, block], as Cast, Sub and Mul want it
        got = got.reshape(n, -1)[:, :k].T
        parameters = (after[weights + ".scale"].reshape(n, blocks), after[weights + ".zero_point"].reshape(n, blocks))
    else:
        parameters = (after[weights + ".scale"].reshape(blocks, n).T, after[weights + ".zero_point"].reshape(blocks, n).T)
    numpy.testing.assert_array_equal(got, wanted, err_msg=f"{name}: codes")
    numpy.testing.assert_array_equal(parameters[0], scale, err_msg=f"{name}: scales")
    numpy.testing.assert_array_equal(parameters[1].astype(numpy.float32), zero.astype(numpy.float32), err_msg=f"{name}: zero points")


def products(folder):
    count = 0
    for bits in (4, 8):
        for block, k in ((16, 64), (32, 100), (128, 100)):
            for symmetric in (True, False):
                path = as_quantizer_writes(folder, bits, block, symmetric, k, 10)
                check_nbits(f"quantizer's, {bits} bits, blocks of {block}, {k} inputs, symmetric {symmetric}", path, k, folder, bits,
                            block)
                count += 1
    cases = [(4, 32, 100, "packed", True, numpy.float32), (8, 16, 40, "packed", True, numpy.float32),
             (2, 32, 100, "packed", False, numpy.float32), (4, 32, 70, None, True, numpy.float32),
             (4, 16, 48, "numbers", False, numpy.float32), (4, 32, 100, "packed", True, numpy.float16),
             (4, 32, 64, None, False, numpy.float16)]
    for bits, block, k, zero, biased, dtype in cases:
        path = by_hand(folder, bits, block, k, 7, zero, biased, dtype)
        check_nbits(f"{bits} bits, zero points {zero}, bias {biased}, {dtype.__name__}", path, k, folder, bits, block, dtype)
        count += 1
    print(f"{count} products of ONNX Runtime's own")


def refused(folder):
    """Sizes that do not agree, and what is not supported: a sentence, the node's name, an exit code."""
    path = by_hand(folder, 4, 32, 64, 7, "packed", False, numpy.float32)
    changes = [("K", 65, 1, "elements"), ("N", 1 << 40, 1, "sizes are positive"), ("block_size", 24, 1, "power of two"),
               ("block_size", 1 << 30, 1, "elements"), ("bits", 3, 3, "3 bits"), ("weight_prepacked", 1, 3, "one device")]
    for name, value, code, words in changes:
        model = onnx.load(path)
        node = model.graph.node[0]
        kept = [attribute for attribute in node.attribute if attribute.name != name]
        del node.attribute[:]
        node.attribute.extend(kept + [helper.make_attribute(name, value)])
        (folder / "changed.onnx").write_bytes(model.SerializeToString())
        done = subprocess.run([HALFTONE, "info", folder / "changed.onnx"], capture_output=True, text=True)
        assert done.returncode == code and words in done.stderr and "product" in done.stderr, f"{name} {value}: {done}"
    model = onnx.load(by_hand(folder, 4, 32, 64, 700, "packed", False, numpy.float32))
    node = model.graph.node[0]
    for i in range(2000):  # one constant in all of them
        copy = model.graph.node.add()
        copy.CopyFrom(node)
        copy.output[0] = f"y{i}"
    (folder / "changed.onnx").write_bytes(model.SerializeToString())
    done = subprocess.run([HALFTONE, "info", folder / "changed.onnx"], capture_output=True, text=True)
    assert done.returncode == 1 and "too large" in done.stderr, f"a constant of many products: {done}"
    print(f"{len(changes) + 1} products refused")


def main():
    with tempfile.TemporaryDirectory() as name:
        products(pathlib.Path(name))
        refused(pathlib.Path(name))


main()
