"""Runs TFLite models in LiteRT's reference kernels on the inputs that test_models left, and compares the outputs.

usage: oracle.py MODELS SAMPLES   (SAMPLES holds NAME.in0.bin ..., NAME.out0.bin ... for each NAME.tflite under MODELS)
"""

import pathlib
import sys

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

TOLERANCE = 1e-4  # of a float output, relative to its largest number where that is above 1
UNFIT = ["keyword_scrambled_8bit"]  # made for microcontrollers: its states are int8, LiteRT takes them for int16 and crashes
CODES = 0  # of an integer output: the graph runs in integers, by the rule of these kernels


def decode(model, tensor):
    """Makes a constant of codes one of float numbers."""
    parameters, buffer = tensor.quantization, model.buffers[tensor.buffer]
    codes = numpy.frombuffer(bytes(buffer.data), numpy.int8).reshape(tensor.shape).astype(numpy.float32)
    shape = [1] * codes.ndim
    shape[parameters.quantizedDimension if len(parameters.scale) > 1 else 0] = len(parameters.scale)
    zero_point = numpy.asarray(parameters.zeroPoint, numpy.float32).reshape(shape)
    numbers = (codes - zero_point) * numpy.asarray(parameters.scale, numpy.float32).reshape(shape)
    model.buffers.append(schema.BufferT())
    model.buffers[-1].data = numpy.frombuffer(numbers.tobytes(), numpy.uint8)
    tensor.buffer, tensor.type, tensor.quantization = len(model.buffers) - 1, schema.TensorType.FLOAT32, None


def content(path):
    """The file, changed where LiteRT would not do what it says.

    The axis of biases, which old converters wrote as 3 and LiteRT refuses since, becomes 0. Weights in codes that meet
    activations in float become float: LiteRT would quantize the activations, too, as it runs.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    graph, changed = model.subgraphs[0], False
    for tensor in graph.tensors:
        parameters = tensor.quantization
        if parameters is not None and tensor.shape is not None and len(tensor.shape) == 1 and parameters.quantizedDimension:
            parameters.quantizedDimension = 0
            changed = True
    for op in graph.operators:
        operands = [graph.tensors[i] for i in op.inputs if i >= 0]
        codes = [t for t in operands[1:] if t.type == schema.TensorType.INT8 and model.buffers[t.buffer].data is not None]
        if codes and operands[0].type == schema.TensorType.FLOAT32:
            for tensor in codes:
                decode(model, tensor)
            changed = True
    if not changed:
        return path.read_bytes()
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def interpret(path):
    """An interpreter with the reference kernels; with the others, still without a delegate, where some have none."""
    for resolver in (OpResolverType.BUILTIN_REF, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES):
        try:
            return Interpreter(model_content=content(path), experimental_op_resolver_type=resolver)
        except ValueError as error:
            if "Didn't find op" not in str(error):
                raise
    raise ValueError("LiteRT lacks an operator")


def run(path, samples, repeated):
    """Pairs of our outputs and LiteRT's. `repeated`: the files hold several samples, one after another, each of which is a
    run of its own that finds the states that the one before left."""
    interpreter = interpret(path)
    inputs = []
    for index, detail in enumerate(interpreter.get_input_details()):
        data = numpy.fromfile(samples / f"{path.stem}.in{index}.bin", detail["dtype"])
        shape = [int(size) for size in detail["shape_signature"]]
        shape = [abs(size) for size in shape] if repeated else data.reshape(shape).shape
        inputs.append(data.reshape([-1, *shape]))
        interpreter.resize_tensor_input(detail["index"], inputs[index].shape[1:])
    interpreter.allocate_tensors()
    outputs = [[] for _ in interpreter.get_output_details()]
    for sample in zip(*inputs):
        for detail, data in zip(interpreter.get_input_details(), sample):
            interpreter.set_tensor(detail["index"], data)
        interpreter.invoke()
        for detail, theirs in zip(interpreter.get_output_details(), outputs):
            theirs.append(interpreter.get_tensor(detail["index"]))
    for index, (detail, theirs) in enumerate(zip(interpreter.get_output_details(), outputs)):
        ours = numpy.fromfile(samples / f"{path.stem}.out{index}.bin", detail["dtype"])
        yield detail["name"], ours.reshape(numpy.shape(theirs)), numpy.array(theirs)


def check(path, models, samples):
    """What is wrong with a model, or None."""
    for name, ours, theirs in run(path, samples, models != samples):
        apart = numpy.abs(ours.astype(float) - theirs.astype(float))
        if theirs.dtype.kind == "f":
            bound = TOLERANCE * max(1.0, numpy.abs(theirs).max(initial=0.0))
        else:
            bound = CODES
        if theirs.size > 1 and models != samples:
            print(f"  {path.name}: {name}: largest difference {apart.max():.3g}, {(apart > 0).mean():.1%} differ")
        if not (apart <= bound).all():
            return f"{name} differs by {numpy.nanmax(apart)}, allowed is {bound}"
    return None


def main():
    models, samples = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    paths = sorted(path for path in models.rglob("*.tflite") if (samples / f"{path.stem}.out0.bin").exists())
    paths = [path for path in paths if path.stem not in UNFIT]
    failures = 0
    for path in paths:
        try:
            complaint = check(path, models, samples)
        except Exception as error:  # the interpreter raises many kinds
            complaint = str(error).splitlines()[0]
        if complaint:
            print(f"{path.name}: {complaint}")
            failures += 1
    print(f"{len(paths) - failures} of {len(paths)} models agree with LiteRT")
    return 1 if failures or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
