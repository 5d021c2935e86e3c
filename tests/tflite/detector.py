"""A whole detector, whose shapes depend on the picture: `halftone run` against LiteRT.

usage: detector.py HALFTONE MODEL PICTURE.bmp FOLDER
"""

import pathlib
import subprocess
import sys

import numpy
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from oracle import content

TOLERANCE = 1e-3  # of the largest number: classes are computed from places, coordinates from exponentials


def read_bitmap(path):
    """An uncompressed picture of 24 bits, [1, height, width, 3], red first."""
    data = path.read_bytes()
    start, width, height = (int.from_bytes(data[i : i + 4], "little", signed=True) for i in (10, 18, 22))
    row = (3 * width + 3) // 4 * 4
    pixels = numpy.frombuffer(data, numpy.uint8, row * abs(height), start).reshape(abs(height), row)
    pixels = pixels[:: -1 if height > 0 else 1, : 3 * width].reshape(1, abs(height), width, 3)
    return numpy.ascontiguousarray(pixels[..., ::-1])


def main():
    halftone, model, picture, folder = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
    image = read_bitmap(picture)
    interpreter = Interpreter(
        model_content=content(model), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    taken = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(taken["index"], image.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(taken["index"], image)
    interpreter.invoke()

    numpy.save(folder / "image.npy", image)
    command = [halftone, "run", model, "-i", f"{taken['name']}={folder / 'image.npy'}", "-o", folder, "-q", "--force"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    failures = 0
    for detail in interpreter.get_output_details():
        theirs = interpreter.get_tensor(detail["index"])
        ours = numpy.load(folder / f"{detail['name'].replace(':', '_')}.npy")
        apart = numpy.abs(ours - theirs).max() if ours.shape == theirs.shape else numpy.inf
        if not apart <= TOLERANCE * max(1.0, numpy.abs(theirs).max()):
            print(f"{model.name}: {detail['name']} differs by {apart}")
            failures += 1
    print(f"{model.name}: {len(interpreter.get_output_details()) - failures} outputs agree with LiteRT")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
