"""ONNX models whose data lies in other files: read as ONNX Runtime reads them, written so that the onnx checker and ONNX
Runtime take them, refused with a sentence when hostile.

usage: external.py HALFTONE [--large]      --large: also a model of more than 2 GB, which needs 6 GB of disk
"""
import pathlib
import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RANDOM = numpy.random.default_rng(5)
HALFTONE = os.path.abspath(sys.argv[1])
GIB = 1 << 30


def halftone(*arguments):
    return subprocess.run([HALFTONE, *map(str, arguments)], capture_output=True, text=True, timeout=600)


def succeed(*arguments):
    done = halftone(*arguments)
    assert done.returncode == 0, f"{arguments}: exit code {done.returncode}: {done.stderr}"


def model_of(nodes, tensors, shape, result):
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, result)], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    model.ir_version = 10
    return model


def network():
    """Two convolutions, with a small bias that stays in the model, and a constant in a branch of an If."""
    weights = [numpy_helper.from_array(RANDOM.standard_normal(s).astype(numpy.float32) / 10, n)
               for n, s in (("w1", (64, 3, 5, 5)), ("b1", (64,)), ("w2", (32, 64, 3, 3)))]
    inner = numpy_helper.from_array(RANDOM.standard_normal((32, 12, 12)).astype(numpy.float32), "c")
    shape = helper.make_tensor_value_info("t", TensorProto.FLOAT, None)
    other = helper.make_tensor_value_info("e", TensorProto.FLOAT, None)
    then = helper.make_graph([helper.make_node("Add", ["b", "c"], ["t"])], "then", [], [shape], [inner])
    otherwise = helper.make_graph([helper.make_node("Relu", ["b"], ["e"])], "else", [], [other])
    nodes = [helper.make_node("Conv", ["x", "w1", "b1"], ["h"], pads=[2, 2, 2, 2]),
             helper.make_node("Relu", ["h"], ["a"]),
             helper.make_node("Conv", ["a", "w2"], ["b"], pads=[1, 1, 1, 1]),
             helper.make_node("ReduceMean", ["b"], ["m"], keepdims=0),
             helper.make_node("Constant", [], ["zero"], value=numpy_helper.from_array(numpy.float32(-1e9))),
             helper.make_node("Greater", ["m", "zero"], ["big"]),
             helper.make_node("If", ["big"], ["y"], then_branch=then, else_branch=otherwise)]
    return model_of(nodes, weights, [2, 3, 12, 12], [2, 32, 12, 12])


def low_bits():
    codes = helper.make_tensor("q", TensorProto.INT4, [96, 200], RANDOM.integers(-8, 8, 96 * 200))
    scale = numpy_helper.from_array(numpy.float32(0.05), "s")
    nodes = [helper.make_node("DequantizeLinear", ["q", "s"], ["w"]), helper.make_node("MatMul", ["x", "w"], ["y"])]
    return model_of(nodes, [codes, scale], [4, 96], [4, 200])


def ort(path, x):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def ours(path, x):
    with tempfile.TemporaryDirectory() as folder:
        numpy.save(pathlib.Path(folder) / "x.npy", x)
        succeed("run", path, "--input", f"x={folder}/x.npy", "--output-dir", f"{folder}/out", "-q")
        return numpy.load(pathlib.Path(folder) / "out" / "y.npy")


def check_equal(path, x, wanted, what):
    numpy.testing.assert_allclose(ours(path, x), wanted, rtol=1e-4, atol=1e-4, err_msg=what)


def external_tensors(graph):
    for tensor in graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            yield tensor
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from external_tensors(attribute.g)


def check_written(folder, source, x, wanted):
    """What we write with a data file, from any source."""
    written = folder / "written.onnx"
    succeed("convert", source, written, "--external-data", "--force")
    onnx.checker.check_model(str(written), full_check=True)
    model = onnx.load(str(written), load_external_data=False)
    places = [{e.key: e.value for e in t.external_data} for t in external_tensors(model.graph)]
    assert places and all(p["location"] == "written.onnx.data" and int(p["offset"]) % 4096 == 0 for p in places), places
    numpy.testing.assert_allclose(ort(written, x), wanted, rtol=1e-4, atol=1e-4)
    check_equal(written, x, wanted, "written with external data")
    # The same in one file, from either.
    succeed("convert", source, folder / "one.onnx", "--force")
    succeed("convert", written, folder / "again.onnx", "--force")
    assert (folder / "one.onnx").read_bytes() == (folder / "again.onnx").read_bytes()
    assert not (folder / "one.onnx.data").exists()


def reading_and_writing(folder):
    cases = {
        "one_file": (network(), dict(all_tensors_to_one_file=True, location="weights.bin", size_threshold=0)),
        "many_files": (network(), dict(all_tensors_to_one_file=False, size_threshold=0)),
        "constants": (network(), dict(location="w.bin", size_threshold=0, convert_attribute=True)),
        "low_bits": (low_bits(), dict(location="w.bin", size_threshold=0)),
    }
    for name, (model, how) in cases.items():
        place = folder / name
        place.mkdir()
        onnx.save_model(model, str(place / "m.onnx"), save_as_external_data=True, **how)
        shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
        x = RANDOM.standard_normal(shape).astype(numpy.float32)
        wanted = ort(place / "m.onnx", x)
        check_equal(place / "m.onnx", x, wanted, name)
        check_written(place, place / "m.onnx", x, wanted)
    print(f"{len(cases)} models read and written")


def placed(place, entries, data, name="m.onnx", raw=None, dims=(3,)):
    """y = x + w with w as the entries say."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, data_location=TensorProto.EXTERNAL)
    if raw is not None:
        tensor.raw_data = raw
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], [tensor], [3], [3])
    place.mkdir(exist_ok=True)
    (place / name).write_bytes(model.SerializeToString())
    if data is not None:
        (place / "w.bin").write_bytes(data)
    return place / name


def unaligned_and_linked(folder):
    values = numpy.array([1, 2, 3], numpy.float32)
    x = numpy.zeros(3, numpy.float32)
    path = placed(folder / "unaligned", {"location": "w.bin", "offset": "3", "checksum": "none"}, b"abc" + values.tobytes())
    numpy.testing.assert_array_equal(ours(path, x), values)
    path = placed(folder / "linked", {"location": "sub/link.bin", "length": "12"}, values.tobytes())
    (folder / "linked" / "sub").mkdir()
    (folder / "linked" / "sub" / "link.bin").symlink_to("../w.bin")
    numpy.testing.assert_array_equal(ours(path, x), values)
    here = os.getcwd()
    os.chdir(folder / "linked")  # a model named without its folder
    numpy.testing.assert_array_equal(ours("m.onnx", x), values)
    os.chdir(here)


def sparse(folder):
    """Offsets beyond 2 and 4 GB; the files have holes and take no space."""
    values = numpy.array([4, 5, 6], numpy.float32)
    for gib in (3, 5):
        path = placed(folder / f"sparse{gib}", {"location": "w.bin", "offset": str(gib * GIB), "length": "12"}, b"")
        with open(path.parent / "w.bin", "r+b") as file:
            file.seek(gib * GIB)
            file.write(values.tobytes())
        x = numpy.ones(3, numpy.float32)
        numpy.testing.assert_array_equal(ours(path, x), values + 1)
        numpy.testing.assert_array_equal(ort(path, x), values + 1)


def hostile(folder):
    good = numpy.zeros(3, numpy.float32).tobytes()
    outside = folder / "outside.bin"
    outside.write_bytes(good)
    place = folder / "hostile"
    cases = [
        ({"location": str(outside)}, "must lead into the folder"),
        ({"location": "../outside.bin"}, "must lead into the folder"),
        ({"location": "sub/../../outside.bin"}, "must lead into the folder"),
        ({"location": "link.bin"}, "leads through a link out"),
        ({"location": "links/outside.bin"}, "leads through a link out"),
        ({"location": ""}, "must lead into the folder"),
        ({"location": "missing.bin"}, "cannot be opened"),
        ({"location": "pipe"}, "not a regular file"),
        ({"location": "."}, "or to it"),
        ({"location": "x" * 5000}, "too long"),
        ({}, "which is not named"),
        ({"location": "w.bin", "offset": "4"}, "takes 12 bytes from offset 4"),
        ({"location": "w.bin", "offset": "9223372036854775807"}, "takes 12 bytes from offset"),
        ({"location": "w.bin", "offset": "-4"}, 'is "-4"'),
        ({"location": "w.bin", "offset": "0x4"}, 'is "0x4"'),
        ({"location": "w.bin", "offset": "99999999999999999999"}, 'is "99999999999999999999"'),
        ({"location": "w.bin", "length": "8"}, "where its shape wants 12"),
        ({"location": "w.bin", "length": "-1"}, 'is "-1"'),
    ]
    place.mkdir()
    (place / "link.bin").symlink_to(outside)
    (place / "links").symlink_to(folder)
    os.mkfifo(place / "pipe")
    for entries, words in cases:
        path = placed(place, entries, good)
        done = halftone("info", path)
        assert done.returncode in (1, 5) and words in " ".join(done.stderr.split()), (entries, done.returncode, done.stderr)
    done = halftone("info", placed(place, {"location": "w.bin"}, good, raw=good))
    assert done.returncode == 1 and "here and in another file" in done.stderr, done.stderr
    # The same bytes again and again, each time to be copied because of their place: memory stays bounded.
    tensors = []
    for i in range(64):
        tensor = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[1 << 18], data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="big.bin")
        tensor.external_data.add(key="offset", value="1")
        tensors.append(tensor)
    (place / "big.bin").write_bytes(bytes((1 << 20) + 1))
    model = model_of([helper.make_node("Identity", ["x"], ["y"])], tensors, [3], [3])
    (place / "m.onnx").write_bytes(model.SerializeToString())
    done = halftone("info", place / "m.onnx")
    assert done.returncode == 1 and "too large for what those files hold" in done.stderr, done.stderr
    print(f"{len(cases) + 2} hostile models refused")


def writing_refused(folder):
    onnx.save(network(), str(folder / "n.onnx"))
    (folder / "o.onnx.data").write_bytes(b"mine")
    done = halftone("convert", folder / "n.onnx", folder / "o.onnx", "--external-data")
    assert done.returncode == 1 and "exists" in done.stderr, done.stderr
    assert (folder / "o.onnx.data").read_bytes() == b"mine" and not list(folder.glob("o.onnx*part*"))
    assert not (folder / "o.onnx").exists()
    done = halftone("convert", folder / "n.onnx", folder / "o.tflite", "--external-data")
    assert done.returncode != 0 and not (folder / "o.tflite").exists()


def large(folder):
    """600 million numbers: more than one file may hold, so that a data file is made unasked."""
    rows, columns = 600_000, 1000
    path = placed(folder / "large", {"location": "w.bin", "length": str(4 * rows * columns)}, b"", dims=[rows, columns])
    model = onnx.load(str(path), load_external_data=False)
    del model.graph.node[:]
    model.graph.node.append(helper.make_node("Gather", ["w", "i"], ["r"], axis=0))
    model.graph.node.append(helper.make_node("Add", ["r", "x"], ["y"]))
    model.graph.initializer.append(numpy_helper.from_array(numpy.int64(rows - 1), "i"))
    for info in (model.graph.input[0], model.graph.output[0]):
        info.type.tensor_type.shape.dim[0].dim_value = columns
    path.write_bytes(model.SerializeToString())
    last = numpy.arange(columns, dtype=numpy.float32)
    with open(path.parent / "w.bin", "r+b") as file:
        file.seek(4 * (rows - 1) * columns)
        file.write(last.tobytes())
    written = folder / "large.onnx"
    succeed("convert", path, written)
    assert (folder / "large.onnx.data").stat().st_size >= 4 * rows * columns and written.stat().st_size < 4096
    onnx.checker.check_model(str(written))
    x = numpy.ones(columns, numpy.float32)
    numpy.testing.assert_array_equal(ort(written, x), last + 1)
    print("2.4 GB written and read")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        reading_and_writing(folder)
        unaligned_and_linked(folder)
        sparse(folder)
        hostile(folder)
        writing_refused(folder)
        if "--large" in sys.argv:
            large(folder)


if __name__ == "__main__":
    main()
