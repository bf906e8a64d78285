"""A spine of known heights, its image, and everything computed from them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from vertenet.analysis import Analysis, ImageFrame, ModelIdentity
from vertenet.anatomy import (
    Landmark,
    Level,
    PointName,
    ReaderDecision,
    Side,
    Spine,
    Vertebra,
)
from vertenet.geometry import PixelScale
from vertenet.images import DxaImage, image_from_array
from vertenet.pipeline import measure

LEVELS = ("T11", "T12", "L1", "L2", "L3", "L4", "L5")
PLACES = {"PS": (0, 0), "MS": (0.5, 0), "AS": (1, 0), "AI": (1, 1), "MI": (0.5, 1), "PI": (0, 1)}


def make_vertebra(level: str, top: float, *, anterior: float = 1.0) -> Vertebra:
    """A body 80 px deep and 60 px high at its back, at x = 100 + 1/3."""
    points = {}
    for i, (name, (x, y)) in enumerate(PLACES.items()):
        height = 60 * (1 - (1 - anterior) * x)
        points[PointName(name)] = Landmark(100 + 1 / 3 + 80 * x, top + height * y, 0.1 * (i + 1))
    return Vertebra(Level(level), points, score=0.1 * 7, level_confidence=0.9)


@pytest.fixture
def a_spine() -> Spine:
    """T11 to L5, L2 a wedge of 70 %, L3 with a reader's decision."""
    vertebrae = [
        make_vertebra(level, 20 + 80 * i + 0.1, anterior=0.7 if level == "L2" else 1.0)
        for i, level in enumerate(LEVELS)
    ]
    decided = ReaderDecision(grade=1, reason="old deformity; 20 % = stable | see 2019")
    vertebrae[4] = replace(vertebrae[4], reader=decided)
    warnings = ("Levels are uncertain; check them.", "A|B = 50 %")
    return Spine(tuple(vertebrae), Side.RIGHT, warnings)


@pytest.fixture
def a_model() -> ModelIdentity:
    return ModelIdentity("vertenet-compact", "0.1.0", "1a2b3c4d" * 8)


@pytest.fixture
def an_image() -> DxaImage:
    """600 rows, 400 columns of grey with noise; 0.3 x 0.25 mm."""
    rng = np.random.default_rng(1)
    return image_from_array(
        rng.integers(0, 4000, (600, 400)), name="scän 1.dcm", spacing_mm=(0.3, 0.25), sex="F",
        age_years=71.0,
    )  # fmt: skip


@pytest.fixture
def an_analysis(a_spine: Spine, a_model: ModelIdentity, an_image: DxaImage) -> Analysis:
    frame = ImageFrame("scän 1.dcm", 400, 600, PixelScale(0.3, 0.25, True), "PixelSpacing")
    return measure(a_spine, frame, image=an_image, model=a_model)


@pytest.fixture
def an_empty_analysis(a_model: ModelIdentity) -> Analysis:
    frame = ImageFrame("empty.png", 400, 600)
    spine = Spine((), Side.LEFT, ("No spine was found.",))
    return measure(spine, frame, model=a_model)


@pytest.fixture
def make_source(tmp_path: Path) -> Callable[..., Path]:
    """Writes the DICOM image of a patient whose name is nowhere else; tags can be replaced."""

    def make(
        *, pixels: np.ndarray | None = None, drop: tuple[str, ...] = (), **tags: object
    ) -> Path:
        values = dict(SOURCE_TAGS) | tags
        data = NOISE if pixels is None else pixels
        values |= {"Rows": data.shape[0], "Columns": data.shape[1], "PixelData": data.tobytes()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = Dataset()
            for keyword, value in values.items():
                if keyword not in drop:
                    setattr(dataset, keyword, value)
            dataset["PixelData"].VR = "OW"
            dataset.file_meta = FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.1")
            path = tmp_path / "source.dcm"
            dataset.save_as(path, enforce_file_format=True)
        return path

    return make


@pytest.fixture
def a_dicom(make_source: Callable[..., Path]) -> Path:
    """600 rows, 400 columns, 0.3 x 0.25 mm, of a woman of 71 years with a Latin-1 name."""
    return make_source()


NOISE = np.random.default_rng(1).integers(0, 4000, (600, 400)).astype("<u2")
SOURCE_TAGS = {
    "SpecificCharacterSet": "ISO_IR 100",
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7",
    "SOPInstanceUID": "2.25.7",
    "StudyInstanceUID": "2.25.8",
    "SeriesInstanceUID": "2.25.9",
    "Modality": "OT",
    "PatientName": "Müller^Änne",
    "PatientID": "ID-4711-XY",
    "PatientBirthDate": "19500102",
    "PatientSex": "F",
    "PatientAge": "071Y",
    "StudyDate": "20210304",
    "StudyTime": "101112",
    "StudyID": "S1",
    "AccessionNumber": "A1",
    "PixelSpacing": [0.3, 0.25],
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
}
