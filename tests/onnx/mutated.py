"""Writes the node tests' models with attributes, shapes, types and constants changed: what fuzz_run is fed with.

usage: mutated.py FOLDER [--count N] [--seed N] [--plain]

--plain writes one unchanged model per operator instead, small ones: the target's corpus.
"""
import argparse
import pathlib
import random
import warnings

import onnx
import onnx.backend.test.loader
import onnx.numpy_helper

WHOLE = [0, 1, -1, 2, 3, 5, -2, -7, 63, 64, 1000, 2**31 - 1, -2**31, 2**31, 2**32, 2**62, 2**63 - 1, -2**63]
REAL = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, -1e30, 3.4e38, float("nan"), float("inf"), float("-inf")]
MOST_BYTES = 4000  # of a model in the corpus


def change_attribute(chance, attribute):
    kind = onnx.AttributeProto
    if attribute.type == kind.INT:
        attribute.i = chance.choice(WHOLE)
    elif attribute.type == kind.FLOAT:
        attribute.f = chance.choice(REAL)
    elif attribute.type == kind.STRING:
        attribute.s = chance.choice([b"", b"x", b"nearest", b"linear", b"constant", b"SAME_UPPER", b"bidirectional"])
    elif attribute.type == kind.INTS:
        numbers = list(attribute.ints)
        act = chance.randrange(4)
        if act == 0 and numbers:
            numbers.pop(chance.randrange(len(numbers)))
        elif act == 1:
            numbers.insert(chance.randrange(len(numbers) + 1), chance.choice(WHOLE))
        elif numbers:
            numbers[chance.randrange(len(numbers))] = chance.choice(WHOLE)
        attribute.ints[:] = numbers
    elif attribute.type == kind.FLOATS and attribute.floats:
        attribute.floats[chance.randrange(len(attribute.floats))] = chance.choice(REAL)


def change_shape(chance, info):
    if not info.type.HasField("tensor_type"):
        return
    shape = info.type.tensor_type.shape
    act = chance.randrange(5)
    if act == 0:
        info.type.tensor_type.elem_type = chance.randrange(1, 26)
    elif act == 1 and shape.dim:
        del shape.dim[chance.randrange(len(shape.dim))]
    elif act == 2:
        shape.dim.add().dim_value = chance.choice([0, 1, 2, 3])
    elif shape.dim:
        shape.dim[chance.randrange(len(shape.dim))].dim_value = chance.choice([0, 0, 1, 2, 3, 5, 8, 17])


def change_operands(chance, node):
    act = chance.randrange(4)
    if act == 0 and node.input:
        node.input[chance.randrange(len(node.input))] = ""
    elif act == 1 and node.input:
        del node.input[-1]
    elif act == 2 and node.input:
        node.input.append(chance.choice(list(node.input)))
    elif node.input:
        node.input[chance.randrange(len(node.input))] = chance.choice(list(node.input))


def fix_contents(chance, model, data):
    """Makes inputs constants, so that shapes and axes hold what the test has, or something near it."""
    graph = model.graph
    kept = []
    for info, value in zip(graph.input, data):
        small = isinstance(value, onnx.TensorProto) or not hasattr(value, "dtype") or value.dtype.kind not in "iubf"
        if small or value.size > 64 or chance.random() < 0.5 or value.dtype.name.startswith(("bf", "float8", "int4")):
            kept.append(info)
            continue
        value = value.copy()
        if value.size and chance.random() < 0.6:
            place = chance.randrange(value.size)
            number = chance.choice(REAL if value.dtype.kind == "f" else [n for n in WHOLE if abs(n) < 2**31])
            limits = None if value.dtype.kind in "fb" else (2 ** (8 * value.dtype.itemsize - 1) - 1)
            value.reshape(-1)[place] = number if limits is None else abs(number) % (limits + 1)
            if value.dtype.kind == "i" and number < 0:
                value.reshape(-1)[place] = -(abs(number) % (limits + 1))
        graph.initializer.append(onnx.numpy_helper.from_array(value, info.name))
    del graph.input[:]
    graph.input.extend(kept)


def mutated(chance, case):
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    if case.data_sets:
        fix_contents(chance, model, case.data_sets[0][0])
    for _ in range(chance.randrange(1, 4)):
        node = chance.choice(model.graph.node) if model.graph.node else None
        act = chance.randrange(6)
        if act < 3 and node is not None and node.attribute:
            change_attribute(chance, chance.choice(node.attribute))
        elif act < 5 and model.graph.input:
            change_shape(chance, chance.choice(model.graph.input))
        elif node is not None:
            change_operands(chance, node)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    cases = onnx.backend.test.loader.load_model_tests(kind="node")
    if arguments.plain:
        smallest = {}
        for case in cases:
            nodes = case.model.graph.node
            size = case.model.ByteSize()
            if len(nodes) == 1 and size < MOST_BYTES and size < smallest.get(nodes[0].op_type, (MOST_BYTES,))[0]:
                smallest[nodes[0].op_type] = (size, case.model)
        for name, (_, model) in smallest.items():
            (arguments.folder / f"{name}.onnx").write_bytes(model.SerializeToString())
        return
    chance = random.Random(arguments.seed)
    for number in range(arguments.count):
        case = chance.choice(cases)
        model = mutated(chance, case)
        (arguments.folder / f"{number:05}_{case.name[:60]}.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
