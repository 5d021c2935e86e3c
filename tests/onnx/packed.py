"""Weights of 2, 4 and 8 bits as QuantizeLinear's kin of operator set 21 and later store them: what `halftone quantize --kind
weight-only` writes runs in ONNX Runtime and gives our numbers; files of others are read into annotations, keep every code when
written again, and compute what ONNX Runtime computes.

usage: packed.py HALFTONE
"""
import json
import logging
import pathlib
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HALFTONE = sys.argv[1]
logging.disable()
RANDOM = numpy.random.default_rng(5)
TOLERANCE = 1e-4  # of the largest output
KINDS = {"int4": (ml_dtypes.int4, -8, 7, 21), "uint4": (ml_dtypes.uint4, 0, 15, 21), "int2": (ml_dtypes.int2, -2, 1, 25),
         "uint2": (ml_dtypes.uint2, 0, 3, 25), "int8": (numpy.int8, -128, 127, 21), "uint8": (numpy.uint8, 0, 255, 21)}


def halftone(*arguments):
    done = subprocess.run([HALFTONE, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, f"halftone {' '.join(map(str, arguments))}: {done.returncode}: {done.stderr}"
    return done.stdout


def save(path, nodes, constants, x_shape, opset, x_type=TensorProto.FLOAT, y_type=TensorProto.FLOAT, y_rank=2):
    graph = helper.make_graph(nodes, "packed", [helper.make_tensor_value_info("x", x_type, x_shape)],
                              [helper.make_tensor_value_info("y", y_type, [None] * y_rank)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)],
                              ir_version=11 if opset <= 24 else 12)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def peer(path, x):
    """What ONNX Runtime makes of it. Not optimized: its optimizer has products of 4-bit weights with activations of 8 bits."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def ours(path, x, folder, *options):
    numpy.save(folder / "x.npy", x)
    halftone("run", path, "--input", f"x={folder / 'x.npy'}", "--output-dir", folder / "out", "--force", "-q", *options)
    return numpy.load(folder / "out" / "y.npy")


def same(name, a, b, tolerance=TOLERANCE):
    assert a.shape == b.shape and a.dtype == b.dtype, f"{name}: {a.dtype}{a.shape} here, {b.dtype}{b.shape} there"
    bound = tolerance * max(1e-3, numpy.abs(b).max())
    assert numpy.abs(a - b).max() <= bound, f"{name} differs by {numpy.abs(a - b).max()}, allowed is {bound}"


def constants_of(path):
    """Every constant of integers and of floats, in an order that does not depend on names."""
    tensors = onnx.load(path).graph.initializer
    arrays = [(tensor.data_type, numpy_helper.to_array(tensor)) for tensor in tensors if tensor.data_type != TensorProto.INT64]
    return sorted((kind, array.shape, array.tobytes()) for kind, array in arrays)


def layer_of(path, name="product"):
    layers = json.loads(halftone("info", path, "--json"))["layers"]
    return next(layer for layer in layers if layer["name"] == name)


# ---- files of others ----

def codes(kind, *shape):
    dtype, low, high, _ = KINDS[kind]
    return RANDOM.integers(low, high + 1, shape).astype(dtype)


def scales(*shape):
    return RANDOM.uniform(0.01, 0.1, shape).astype(numpy.float32)


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
    again, thrice = folder / "again.onnx", folder / "thrice.onnx"
    halftone("convert", path, again, "--force", "-q")
    onnx.checker.check_model(onnx.load(again), full_check=True)
    numpy.testing.assert_array_equal(peer(again, x), theirs, err_msg=f"{name}, written again")
    kept = constants_of(again)
    missing = [entry for entry in constants_of(path) if entry[2] not in [other[2] for other in kept]]
    assert not missing, f"{name}: written again, {[entry[:2] for entry in missing]} are not the same"
    assert not whole or len(kept) == len(constants_of(path)), f"{name}: written again, there are other constants"
    halftone("convert", again, thrice, "--force", "-q")
    assert again.read_bytes() == thrice.read_bytes(), f"{name}: written a third time, the file differs"


# ---- MatMulNBits ----

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
    layer = layer_of(path, next(iter(layer["name"] for layer in json.loads(halftone("info", path, "--json"))["layers"]
                                     if layer["op"] == "MatMul")))
    assert (layer["weight_bits"], layer["weight_block"]) == (bits, block if block < k else 0), f"{name}: info says {layer}"
    again, thrice = folder / "again.onnx", folder / "thrice.onnx"
    halftone("convert", path, again, "--force", "-q")
    onnx.checker.check_model(onnx.load(again), full_check=True)
    same(name + ", written again", peer(again, x), theirs, tolerance)
    check_codes(name, path, again, k, bits, block)
    halftone("convert", again, thrice, "--force", "-q")
    assert again.read_bytes() == thrice.read_bytes(), f"{name}: written a third time, the file differs"


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
        products(pathlib.Path(name))
        refused(pathlib.Path(name))
        ends(pathlib.Path(name))
        written(pathlib.Path(name))


main()
