"""Make layers/models from MediaPipe's wheel, or check that it still comes out the same.

python -m maker                     write the six networks and models.toml
python -m maker --footage FOLDER    also measure the mean face anew, from photos and clips of people
python -m maker --photos FOLDER     also write the tests' references, by running MediaPipe on these photos
python -m maker --check             write nothing; exit 1 unless all would come out byte for byte the same
                                    (with --footage: the mean face within 0.1 cm of the stored one)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx

from . import archive, face_model, models, references, wheel

HERE = Path(__file__).resolve().parent.parent
TOML = HERE / "models.toml"
FACE = HERE / "face_model.npz"
# Other makers keep their own tables in models.toml; this one writes between these lines only.
BEGIN = "# >>> from MediaPipe's wheel: written by layers/models/maker, not by hand\n"
END = "# <<< from MediaPipe's wheel\n"
FACE_TOLERANCE_CM = 0.1


def networks() -> dict[str, bytes]:
    made = {}
    for recipe in models.RECIPES:
        model = recipe.build()
        onnx.checker.check_model(model, full_check=True)
        made[recipe.name] = model.SerializeToString(deterministic=True)
    return made


def tables(made: dict[str, bytes], face: bytes) -> str:
    """The TOML tables of everything this tool makes."""
    parts = []
    for recipe in models.RECIPES:
        source = wheel.weights(recipe.source)
        parts.append(
            f"[{recipe.name}]\n"
            f'file = "{recipe.name}.onnx"\n'
            f'shows = "{recipe.shows}"\n'
            f'source = "mediapipe wheel, mediapipe/modules/{recipe.source}"\n'
            f'version = "{wheel.VERSION}"\n'
            f'licence = "Apache-2.0"\n'
            f'source_sha256 = "{hashlib.sha256(source).hexdigest()}"\n'
            f'sha256 = "{hashlib.sha256(made[recipe.name]).hexdigest()}"\n'
            f'inputs.image = {{ shape = {json.dumps(recipe.input)}, layout = "NHWC RGB", '
            f"range = {json.dumps(recipe.range)} }}\n"
            + "".join(
                f'outputs.{name} = {{ shape = {json.dumps(shape)}, unit = "{recipe.units[name]}" }}\n'
                for name, shape in recipe.outputs.items()
            )
        )
    parts.append(
        "[face_model]\n"
        'file = "face_model.npz"\n'
        'shows = "the mean face: 468 vertices in centimetres, 898 triangles"\n'
        'source = "measured with mediapipe\'s face mesh; triangles from the mediapipe wheel"\n'
        f'version = "{wheel.VERSION}"\n'
        'licence = "Apache-2.0"\n'
        f'sha256 = "{hashlib.sha256(face).hexdigest()}"\n'
        'outputs.vertices = { shape = [468, 3], unit = "cm; x to the right, y up, z to the camera" }\n'
        'outputs.triangles = { shape = [898, 3], unit = "vertex, counter-clockwise seen from the camera" }\n'
    )
    return "\n".join(parts)


def merged(existing: str, block: str) -> str:
    """models.toml with this tool's block replaced, or added at the top."""
    before, _, rest = existing.partition(BEGIN)
    after = rest.partition(END)[2] if rest else before
    return (before if rest else "") + BEGIN + "\n" + block + "\n" + END + after


def measured(footage: Path | None) -> np.ndarray:
    return np.load(FACE)["vertices"] if footage is None else face_model.measure(footage)


def build(footage: Path | None, photos: Path | None) -> None:
    made = networks()
    for name, data in made.items():
        (HERE / f"{name}.onnx").write_bytes(data)
    archive.save(FACE, {"vertices": measured(footage), "triangles": face_model.triangles()})
    existing = TOML.read_text() if TOML.exists() else ""
    TOML.write_text(merged(existing, tables(made, FACE.read_bytes())))
    if photos is not None:
        references.write(photos)


def check(footage: Path | None) -> int:
    made = networks()
    wrong = [f"{n}.onnx" for n, data in made.items() if (HERE / f"{n}.onnx").read_bytes() != data]
    if TOML.read_text() != merged(TOML.read_text(), tables(made, FACE.read_bytes())):
        wrong.append("models.toml")
    stored = np.load(FACE)
    gap = np.abs(measured(footage) - stored["vertices"]).max()
    if not np.array_equal(stored["triangles"], face_model.triangles()) or gap > FACE_TOLERANCE_CM:
        wrong.append(f"face_model.npz ({gap:.3f} cm off)")
    print("differs: " + ", ".join(wrong) if wrong else "every file is reproduced")
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="maker", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footage", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.check:
        return check(options.footage)
    build(options.footage, options.photos)
    return 0


if __name__ == "__main__":
    sys.exit(main())
