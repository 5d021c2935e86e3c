"""Makes models as other programs write them: old operator sets, Constant nodes, weights that are inputs, ONNX Runtime's quantizer,
PyTorch's exporter where it is installed.

usage: foreign.py FOLDER
"""

import pathlib
import shutil
import sys
import os

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

RANDOM = numpy.random.default_rng(1)


def weights(name, *shape):
    return numpy_helper.from_array(RANDOM.uniform(-0.5, 0.5, shape).astype(numpy.float32), name)


def ints(name, *values):
    return numpy_helper.from_array(numpy.array(values, numpy.int64), name)


def save(folder, name, opset, nodes, shape, constants=(), constants_as_inputs=False):
    """A model from x to y; `shape` is x's."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    if constants_as_inputs:
        inputs += [helper.make_tensor_value_info(c.name, c.data_type, list(c.dims)) for c in constants]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, name, inputs, [output], list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 3 if constants_as_inputs else 10
    onnx.save(model, str(folder / f"{name}.onnx"))


def old_forms(folder):
    node = helper.make_node
    save(folder, "clip_7", 7, [node("Clip", ["x"], ["y"], min=-0.5, max=0.7)], ["N", 5])
    save(folder, "clip_10_low", 10, [node("Clip", ["x"], ["y"], min=-0.5)], ["N", 5])
    save(folder, "dropout_7", 7, [node("Dropout", ["x"], ["y", "mask"], ratio=0.3)], ["N", 5])
    save(folder, "dropout_12", 12, [node("Dropout", ["x"], ["y"])], ["N", 5])
    save(folder, "squeeze_11", 11, [node("Squeeze", ["x"], ["y"], axes=[1, 3])], ["N", 1, 5, 1])
    save(folder, "unsqueeze_11", 11, [node("Unsqueeze", ["x"], ["y"], axes=[0, 2])], ["N", 5])
    save(folder, "reduce_sum_11", 11, [node("ReduceSum", ["x"], ["y"], axes=[1], keepdims=0)], ["N", 5, 3])
    save(folder, "reduce_mean_18", 18, [node("ReduceMean", ["x", "a"], ["y"])], ["N", 5, 3], [ints("a", 1, 2)])
    save(folder, "reduce_max_20", 20, [node("ReduceMax", ["x", "a"], ["y"], keepdims=0)], ["N", 5, 3], [ints("a", -1)])
    save(folder, "pad_10", 10, [node("Pad", ["x"], ["y"], pads=[0, 1, 0, 2], value=0.25)], ["N", 5])
    save(folder, "pad_10_reflect", 10, [node("Pad", ["x"], ["y"], pads=[0, 1, 0, 2], mode="reflect")], ["N", 5])
    save(folder, "slice_9", 9, [node("Slice", ["x"], ["y"], starts=[1], ends=[-1], axes=[1])], ["N", 6])
    save(folder, "slice_9_all", 9, [node("Slice", ["x"], ["y"], starts=[0, 1], ends=[9, 3])], ["N", 6])
    save(folder, "softmax_11", 11, [node("Softmax", ["x"], ["y"])], ["N", 6])
    save(folder, "softmax_11_map", 11, [node("Softmax", ["x"], ["y"])], ["N", 6, 1, 1])
    save(folder, "log_softmax_9", 9, [node("LogSoftmax", ["x"], ["y"], axis=-1)], ["N", 3, 6])
    statistics = [weights(n, 3) for n in "gbm"] + [numpy_helper.from_array(numpy.array([0.5, 1, 2], numpy.float32), "v")]
    save(folder, "batch_norm_7", 7, [node("BatchNormalization", ["x", "g", "b", "m", "v"], ["y"])], ["N", 3, 4, 4], statistics)
    save(folder, "batch_norm_15", 15, [node("BatchNormalization", ["x", "g", "b", "m", "v"], ["y"])], ["N", 3, 4], statistics)
    save(folder, "dft_17", 17, [node("DFT", ["x"], ["y"], axis=2, onesided=1)], [2, 3, 10, 1])
    regions = [numpy_helper.from_array(numpy.array([[0, 0, 3, 4], [1, 1.5, 4.2, 4]], numpy.float32), "r"), ints("i", 0, 1)]
    save(folder, "roi_align_10", 10, [node("RoiAlign", ["x", "r", "i"], ["y"], output_height=2, output_width=3, sampling_ratio=2)],
         ["N", 2, 6, 6], regions)
    statistics_64 = [numpy_helper.from_array(RANDOM.uniform(0.5, 1.5, 3), n) for n in ("g64", "b64", "m64", "v64")]
    save(folder, "norm_double", 15, [node("Conv", ["x", "w"], ["c"]), node("Cast", ["c"], ["d"], to=11),
                                     node("BatchNormalization", ["d", "g64", "b64", "m64", "v64"], ["n"]),
                                     node("Cast", ["n"], ["y"], to=1)],
         ["N", 2, 5, 6], [weights("w", 3, 2, 2, 2)] + statistics_64)
    pair = [weights("scale", 2), weights("shift", 2)]
    save(folder, "group_norm_18", 18, [node("GroupNormalization", ["x", "scale", "shift"], ["y"], num_groups=2, epsilon=0.01)],
         ["N", 4, 3, 3], pair)
    save(folder, "flatten_9", 9, [node("Flatten", ["x"], ["y"], axis=2)], ["N", 2, 3, 4])
    save(folder, "max_pool_8", 8, [node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2])], ["N", 2, 5, 5])
    save(folder, "average_pool_7", 7, [node("AveragePool", ["x"], ["y"], kernel_shape=[3], pads=[1, 1])], ["N", 2, 6])
    save(folder, "gemm_7", 7, [node("Gemm", ["x", "w", "c"], ["y"], transB=1)], ["N", 5], [weights("w", 4, 5), weights("c", 4)])
    save(folder, "sum_8", 8, [node("Sum", ["x", "w", "v"], ["y"])], ["N", 5], [weights("w", 5), weights("v", 5)])
    save(folder, "max_12", 12, [node("Max", ["x", "w", "v"], ["y"])], ["N", 5], [weights("w", 5), weights("v", 5)])
    save(folder, "min_8_one", 8, [node("Min", ["x"], ["y"])], ["N", 5])
    save(folder, "upsample_7", 7, [node("Upsample", ["x"], ["y"], scales=[1.0, 1.0, 2.0, 3.0])], ["N", 2, 3, 3])
    scales = numpy_helper.from_array(numpy.array([1, 1, 2, 2], numpy.float32), "s")
    save(folder, "upsample_9", 9, [node("Upsample", ["x", "s"], ["y"], mode="linear")], ["N", 2, 3, 3], [scales])
    save(folder, "resize_10", 10, [node("Resize", ["x", "s"], ["y"], mode="nearest")], ["N", 2, 3, 3], [scales])
    save(folder, "split_11", 11, [node("Split", ["x"], ["a", "b"], split=[2, 3], axis=1),
                                  node("Concat", ["b", "a"], ["y"], axis=1)], ["N", 5])
    save(folder, "split_13", 13, [node("Split", ["x", "s"], ["a", "b", "c"], axis=-1), node("Mul", ["a", "c"], ["y"])],
         ["N", 5], [ints("s", 2, 1, 2)])
    save(folder, "weights_as_inputs", 8, [node("Gemm", ["x", "w", "c"], ["y"])], ["N", 5],
         [weights("w", 5, 4), weights("c", 4)], constants_as_inputs=True)


def new_forms(folder):
    node = helper.make_node
    save(folder, "average_pool_22", 22, [node("AveragePool", ["x"], ["y"], kernel_shape=[2, 2], dilations=[1, 1])], ["N", 2, 5, 5])
    save(folder, "cast_19", 19, [node("Cast", ["x"], ["i"], to=TensorProto.INT64, saturate=1),
                                 node("Cast", ["i"], ["y"], to=TensorProto.FLOAT)], ["N", 5])
    scales = numpy_helper.from_array(numpy.array([1, 1, 2, 2], numpy.float32), "s")
    save(folder, "resize_19", 19, [node("Resize", ["x", "", "s"], ["y"], mode="linear", antialias=0,
                                        keep_aspect_ratio_policy="stretch")], ["N", 2, 3, 3], [scales])
    save(folder, "reduce_min_18", 18, [node("ReduceMin", ["x", "a"], ["y"], noop_with_empty_axes=0)], ["N", 5, 3],
         [ints("a", 1)])
    scale, zero = numpy_helper.from_array(numpy.float32(0.05), "q"), numpy_helper.from_array(numpy.uint8(128), "z")
    save(folder, "quantize_23", 23, [node("QuantizeLinear", ["x", "q", "z"], ["c"], saturate=1, precision=0),
                                     node("DequantizeLinear", ["c", "q", "z"], ["d"], output_dtype=0),
                                     node("Conv", ["d", "w"], ["y"])], ["N", 2, 5, 5], [scale, zero, weights("w", 3, 2, 2, 2)])


def odd_forms(folder):
    node = helper.make_node
    save(folder, "constants", 13, [
        node("Constant", [], ["a"], value=weights("", 5)),
        node("Constant", [], ["b"], value_float=0.5),
        node("Constant", [], ["c"], value_floats=[1.0, 2.0, 3.0, 4.0, 5.0]),
        node("Constant", [], ["s"], value_ints=[0, 5]),
        node("Add", ["x", "a"], ["xa"]), node("Mul", ["xa", "b"], ["xb"]), node("Sub", ["xb", "c"], ["xc"]),
        node("Reshape", ["xc", "s"], ["y"])], ["N", 5])
    save(folder, "identities", 13, [
        node("Identity", ["x"], ["a"]), node("Identity", ["a"], ["b"]), node("Relu", ["b"], ["c"]),
        node("Identity", ["c"], ["d"]), node("Add", ["d", "a"], ["e"]), node("Identity", ["e"], ["y"])], ["N", 5])
    save(folder, "identity_constant", 13, [node("Identity", ["w"], ["v"]), node("Add", ["x", "v"], ["y"])], ["N", 5],
         [weights("w", 5)])
    typed = helper.make_tensor("w", TensorProto.FLOAT, [5], [0.5, 1, 2, 3, 4])
    axes = helper.make_tensor("a", TensorProto.INT64, [1], [-1])
    save(folder, "typed_data", 13, [node("Add", ["x", "w"], ["s"]), node("Unsqueeze", ["s", "a"], ["y"])], ["N", 5], [typed, axes])
    save(folder, "reshape_dynamic", 13, [
        node("Shape", ["x"], ["shape"]), node("Gather", ["shape", "zero"], ["batch"]),
        node("Unsqueeze", ["batch", "first"], ["batch1"]), node("Concat", ["batch1", "rest"], ["target"], axis=0),
        node("Reshape", ["x", "target"], ["y"])], ["N", 2, 3],
        [numpy_helper.from_array(numpy.array(0, numpy.int64), "zero"), ints("first", 0), ints("rest", -1)])


def quantized(folder):
    """What ONNX Runtime's static quantizer makes of a small network."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.left = 4

        def get_next(self):
            self.left -= 1
            return {"x": RANDOM.uniform(-2, 2, (2, 3, 8, 8)).astype(numpy.float32)} if self.left >= 0 else None

    node = helper.make_node
    nodes = [node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), node("Relu", ["c"], ["r"]),
             node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]), node("Flatten", ["p"], ["f"]),
             node("Gemm", ["f", "v", "d"], ["y"])]
    constants = [weights("w", 4, 3, 3, 3), weights("b", 4), weights("v", 64, 5), weights("d", 5)]
    save(folder, "float_network", 17, nodes, ["N", 3, 8, 8], constants)
    for per_channel in (False, True):
        quantize_static(folder / "float_network.onnx", folder / f"runtime_int8_{int(per_channel)}.onnx", Reader(),
                        quant_format=QuantFormat.QDQ, per_channel=per_channel, weight_type=QuantType.QInt8,
                        activation_type=QuantType.QUInt8)


def torch_models(folder):
    try:
        import torch
        from torch import nn
    except ImportError:
        print("skipped: PyTorch is not installed")
        return
    torch.manual_seed(1)

    def export(name, module, *shape):
        torch.onnx.export(module.eval(), torch.zeros(2, *shape), str(folder / f"torch_{name}.onnx"), dynamo=False,
                          input_names=["x"], dynamic_axes={"x": {0: "batch"}}, opset_version=17)

    export("mlp", nn.Sequential(nn.Linear(9, 16), nn.ReLU(), nn.BatchNorm1d(16), nn.Dropout(), nn.Linear(16, 3), nn.Softmax(1)), 9)
    export("cnn", nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), nn.AvgPool2d(2),
                                nn.Conv2d(8, 8, 3, groups=8), nn.Hardswish(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                                nn.Linear(8, 4), nn.LogSoftmax(1)), 3, 16, 16)


def main():
    folder = pathlib.Path(sys.argv[1])
    old_forms(folder)
    new_forms(folder)
    odd_forms(folder)
    quantized(folder)
    torch_models(folder)
    shared = os.environ.get("HALFTONE_SHARED")
    for model in ("onnx-mnist/model.onnx", "onnx-mnist/pytorch.onnx", "yolox-nano/yolox_nano.onnx") if shared else ():
        shutil.copy(pathlib.Path(shared) / "models" / model, folder / ("real_" + model.replace("/", "_")))


if __name__ == "__main__":
    main()
