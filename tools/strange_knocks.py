"""Hard knocks as a stranger would give them, dealt to whole commands.

    python tools/strange_knocks.py --count 10000

Other files, other damage (strange_damage.py) and deeper readers than hard_knocks.py: what can
be read is measured, written, shown and read back, by the commands themselves; each process
may take 1 GB beside what it began with.
"""

from __future__ import annotations

import gzip
import io
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hard_knocks
import numpy as np
from hard_knocks import Knocks, Reader
from hard_knocks_seeds import SYNTAXES, annotations, dicom, ours
from strange_damage import damaged

from vertenet.errors import VerteNetError

MEMORY_BYTES = 1 << 30
LONGEST = 1001
"""Letters of a message."""
ROWS, COLUMNS = 96, 72
MODEL = Path(__file__).resolve().parents[1] / "Resources/Models/vertenet-compact"


class CommandDefect(Exception):  # noqa: N818
    """A command ended in a way that no user should see."""


def command(*arguments: str) -> None:
    """Run a command of vertenet here; what would be a traceback is raised."""
    from vertenet import cli
    from vertenet.cli import running, telling

    def unexpected(error: Exception) -> int:
        raise error

    running._unexpected = unexpected
    said: list[str] = []
    running.say = telling.say = lambda message, code: said.append(message) or code
    code = cli.main(list(arguments))
    if code not in (0, 1):
        raise CommandDefect(f"exit code {code} of {arguments[0]}")
    if said:
        raise VerteNetError("; ".join(said))


def in_short(read: Reader) -> Reader:
    """A reader whose refusals must be sentences that somebody can read."""

    def checked(path: Path) -> object:
        try:
            return read(path)
        except VerteNetError as error:
            if len(str(error)) > LONGEST or not str(error).strip():
                raise CommandDefect(f"{len(str(error))} letters: {str(error)[:200]}") from None
            raise

    return checked


def readers(valid: dict[str, bytes]) -> dict[str, list[Reader]]:
    """Who reads what, by the first word of a seed's name."""
    import torch

    from vertenet.batch.dicomdir import referenced_files
    from vertenet.batch.inputs import find_inputs
    from vertenet.batch.select import check_lateral
    from vertenet.images import read_image
    from vertenet.network.bundle import load_model
    from vertenet.network.weights import parse_state_dict

    torch.set_num_threads(1)

    def beside(path: Path, name: str) -> Path:
        (path.parent / "valid").mkdir(exist_ok=True)
        place = path.parent / "valid" / name
        place.write_bytes(valid[name])
        return place

    def out(path: Path) -> str:
        shutil.rmtree(path.parent / "out", ignore_errors=True)
        return str(path.parent / "out")

    def measured(path: Path) -> None:
        where = out(path)
        command("measure", str(path), "-o", where, "--rules")
        if (Path(where) / "report.json").is_file():
            command("report", where)
            command("measure", str(Path(where) / "report.json"), "-o", where)

    def shown(path: Path) -> None:
        command("report", str(path), "-o", out(path) + ".html")

    def evaluated(path: Path) -> None:
        command("evaluate", str(path), str(path), "--no-plots", "-o", out(path))

    def tampered(path: Path) -> None:
        folder = path.parent / "model"
        if not folder.exists():
            shutil.copytree(MODEL, folder)
        data = bytearray((MODEL / "weights.pt").read_bytes())
        rng = random.Random(path.read_bytes())
        at = rng.randrange(len(data))
        data[at : at + rng.randint(1, 9)] = rng.randbytes(rng.choice((0, 1, 8, 4096)))
        (folder / "weights.pt").write_bytes(data)
        try:
            load_model(folder, "cpu")
        finally:
            if bytes(data) != (MODEL / "weights.pt").read_bytes():
                (folder / "weights.pt").unlink()

    def summed(path: Path) -> None:
        for name in ("images.csv", "vertebrae.csv"):
            beside(path, name)
        table = "images.csv" if "images" in path.name else "vertebrae.csv"
        shutil.copyfile(path, path.parent / "valid" / table)
        command("summary", str(path.parent / "valid"), "-o", out(path) + ".html")

    known: dict[str, list[Reader]] = {
        "image": [read_image, lambda p: check_lateral(str(p))],
        "source": [lambda p: command("measure", str(beside(p, "report.json")), "--image", str(p),
                                     "--dicom", "--with-identity", "-o", out(p))],
        "points": [measured, evaluated],
        "report": [measured, evaluated, shown],
        "sr": [measured],
        "annotations": [evaluated],
        "dicomdir": [lambda p: list(referenced_files(str(p)))],
        "list": [lambda p: list(find_inputs([f"@{p}"]))],
        "norms": [lambda p: command("measure", str(beside(p, "report.json")), "--norms", str(p),
                                    "-o", out(p))],
        "table": [summed],
        "model": hard_knocks.readers()["model"],
        "weights": [lambda p: parse_state_dict(p.read_bytes(), source="x")],
        "tampered": [tampered],
    }  # fmt: skip
    return {kind: [in_short(read) for read in reads] for kind, reads in known.items()}


def write_seeds(folder: Path) -> tuple[list[tuple[str, bytes]], dict[str, bytes]]:
    """Valid files by name, and those that readers need whole beside a damaged one."""
    pixels = np.random.default_rng(3).integers(0, 4096, (ROWS, COLUMNS)).astype(np.uint16)
    seeds = dicoms(pixels) + rasters(pixels, folder)
    own = dict(ours(pixels, folder))
    scan, report = (folder / "scan.dcm").read_bytes(), own["report-report.json"]
    tables = {n: (folder / "out" / n).read_bytes() for n in ("vertebrae.csv",)}
    tables["images.csv"] = images_table(folder)
    seeds += [("source-.dcm", scan), *own.items(), *annotations()]
    seeds += [("points-vertebrae.csv", tables["vertebrae.csv"]),
              ("annotations-makesense.csv", makesense()),
              ("table-images.csv", tables["images.csv"]),
              ("table-vertebrae.csv", tables["vertebrae.csv"]),
              ("list-.txt", b"scan.dcm\n# none\nsub/*.png\n\nout\n"),
              ("norms-.csv", norms()), ("tampered-.bin", b"weights"), *models(folder)]  # fmt: skip
    return seeds, {"report.json": report, **tables}


def dicoms(pixels: np.ndarray) -> list[tuple[str, bytes]]:
    """As hard_knocks has them, and colours, a palette, bytes, JPEG, a deflated one."""
    import pydicom
    from PIL import Image

    out = [(f"image-{k}.dcm", dicom(pixels, u)) for k, u in SYNTAXES.items() if k != "implicit"]
    plain = dict(out)["image-explicit.dcm"]

    def changed(change: Callable[[Any], None]) -> bytes:
        data = pydicom.dcmread(io.BytesIO(plain))
        change(data)
        buffer = io.BytesIO()
        data.save_as(buffer, enforce_file_format=True)
        return buffer.getvalue()

    def bytewise(data: Any) -> None:
        data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
        data.PixelData = (pixels >> 4).astype(np.uint8).tobytes()
        data["PixelData"].VR = "OB"

    def coloured(data: Any) -> None:
        bytewise(data)
        data.SamplesPerPixel, data.PhotometricInterpretation = 3, "RGB"
        data.PlanarConfiguration = 0
        data.PixelData = np.repeat((pixels >> 4).astype(np.uint8)[..., None], 3, -1).tobytes()

    def palette(data: Any) -> None:
        bytewise(data)
        data.PhotometricInterpretation = "PALETTE COLOR"
        for name in ("Red", "Green", "Blue"):
            table = (np.arange(256) * 257).astype("<u2").tobytes()
            setattr(data, f"{name}PaletteColorLookupTableData", table)
            word = f"{name}PaletteColorLookupTableDescriptor"
            setattr(data, word, [256, 0, 16])
            data[word].VR = "US"

    def jpeg(data: Any) -> None:
        bytewise(data)
        buffer = io.BytesIO()
        Image.fromarray((pixels >> 4).astype(np.uint8)).save(buffer, "JPEG")
        data.PixelData = pydicom.encaps.encapsulate([buffer.getvalue()])
        data["PixelData"].is_undefined_length = True
        data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.50"

    def packed(data: Any) -> None:
        data.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian

    changes = {"bytes": bytewise, "rgb": coloured, "palette": palette, "jpeg": jpeg,
               "deflated": packed}  # fmt: skip
    return [*out, *((f"image-{name}.dcm", changed(change)) for name, change in changes.items())]


def rasters(pixels: np.ndarray, folder: Path) -> list[tuple[str, bytes]]:
    """Pictures of many kinds and depths, and volumes of one slice."""
    import SimpleITK
    from PIL import Image

    from vertenet.images import image_from_array, write_nrrd

    small = (pixels >> 4).astype(np.uint8)
    grey, wide = Image.fromarray(small), Image.fromarray(pixels)
    makes: dict[str, tuple[Any, str, dict[str, Any]]] = {
        "image-.png": (grey, "PNG", {}),
        "image-16.png": (wide, "PNG", {}),
        "image-alpha.png": (grey.convert("LA"), "PNG", {}),
        "image-colour.png": (grey.convert("RGB"), "PNG", {}),
        "image-palette.png": (grey.convert("P"), "PNG", {}),
        "image-.tif": (grey, "TIFF", {}),
        "image-16.tif": (wide, "TIFF", {}),
        "image-lzw.tif": (grey, "TIFF", {"compression": "tiff_lzw"}),
        "image-deflate.tif": (grey, "TIFF", {"compression": "tiff_deflate"}),
        "image-.jpg": (grey, "JPEG", {}),
        "image-progressive.jpg": (grey.convert("RGB"), "JPEG", {"progressive": True}),
        "image-.bmp": (grey, "BMP", {}),
        "image-24.bmp": (grey.convert("RGB"), "BMP", {}),
    }
    out = []
    for name, (image, form, options) in makes.items():
        buffer = io.BytesIO()
        image.save(buffer, form, **options)
        out.append((name, buffer.getvalue()))
    write_nrrd(image_from_array(pixels, name="x", spacing_mm=(0.5, 0.5)), folder / "x.nrrd")
    volume = SimpleITK.GetImageFromArray(pixels)
    for name in ("x.mha", "x.nii", "y.nrrd"):
        SimpleITK.WriteImage(volume, str(folder / name), name == "y.nrrd")
    out += [
        (f"image-{n}", (folder / n).read_bytes()) for n in ("x.nrrd", "y.nrrd", "x.mha", "x.nii")
    ]
    return [*out, ("image-x.nii.gz", gzip.compress((folder / "x.nii").read_bytes(), mtime=0))]


def images_table(folder: Path) -> bytes:
    """``images.csv`` of a cohort of one."""
    from vertenet.batch import Tables, measure_set
    from vertenet.report import read_landmarks

    tables = Tables()
    for _ in range(3):
        tables.add(measure_set(read_landmarks(folder / "out/report.json")[0]))
    tables.write(folder / "tables")
    return (folder / "tables/images.csv").read_bytes()


def makesense() -> bytes:
    lines = [
        f"L{1 + i // 4},{20 + 20 * (i % 2)},{10 + 8 * (i // 2)},x.jpg,72,96" for i in range(24)
    ]
    return "\n".join(lines).encode()


def norms() -> bytes:
    import vertenet.measure

    return (Path(vertenet.measure.__file__).parent / "data/norms.csv").read_bytes()


def models(folder: Path) -> list[tuple[str, bytes]]:
    """A model's description, and checkpoints in both of torch's containers."""
    import torch

    state = {"a.weight": torch.arange(12.0).reshape(3, 4), "a.bias": torch.zeros(3)}
    out = [("model-.json", (MODEL / "model.json").read_bytes())]
    for name, new in (("zip", True), ("legacy", False)):
        path = folder / name
        torch.save({"state_dict": state}, path, _use_new_zipfile_serialization=new)
        out.append((f"weights-{name}.pth", path.read_bytes()))
    return out


def strange_knocks(folder: Path) -> Knocks:
    """Other seeds, other damage, other readers."""
    seeds, valid = write_seeds(folder)
    contents = [data for _, data in seeds]

    def make(seed: int, number: int) -> tuple[str, bytes]:
        name, data = seeds[number % len(seeds)]
        return name, damaged(name, data, contents, random.Random(f"{seed}-{number}"))

    return Knocks(seeds, make, lambda: readers(valid), MEMORY_BYTES)


if __name__ == "__main__":
    sys.exit(hard_knocks.main(sys.argv[1:], strange_knocks))
