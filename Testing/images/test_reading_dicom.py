"""DICOM files really written: grey values, colours, polarity, tags, spacing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vertenet.images import read_image

MakeDicom = Callable[..., Path]
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, DEFLATED])
@pytest.mark.parametrize("modality", ["DX", "CR", "OT", "MG", "BMD", "XX"])
def test_values_come_as_stored_whatever_the_modality(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, syntax: str, modality: str
) -> None:
    path = make_dicom(twelve_bit, syntax, BitsStored=12, Modality=modality)
    image = read_image(path)
    assert np.array_equal(image.pixels, twelve_bit)
    assert image.pixels.dtype == np.float32
    assert image.pixels.flags.c_contiguous
    assert (image.width, image.height) == (80, 120)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_signed_and_unsigned_values_of_8_to_32_bits(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, dtype: type
) -> None:
    info = np.iinfo(dtype)
    offset = 0 if info.min == 0 else -50
    values = np.clip(twelve_bit.astype(np.int64) // 32 + offset, info.min, info.max).astype(dtype)
    assert np.array_equal(read_image(make_dicom(values)).pixels, values)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("vr", ["OB", "OW"])
def test_big_endian_files(tmp_path: Path, twelve_bit: np.ndarray, dtype: type, vr: str) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset

    values = (twelve_bit >> (4 if dtype is np.uint8 else 0)).astype(dtype)
    if dtype is np.uint16:
        stored = values.astype(">u2").tobytes()
    else:
        stored = values.tobytes() if vr == "OB" else values.view("u2").byteswap().tobytes()
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "2.25.7"
    data.Rows, data.Columns = values.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = values.itemsize * 8
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, 0
    data.PixelData = stored
    data["PixelData"].VR = "OW" if dtype is np.uint16 else vr
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = BIG_ENDIAN
    data.save_as(tmp_path / "big", enforce_file_format=True)
    assert np.array_equal(read_image(tmp_path / "big").pixels, values)


def test_a_signed_12_bit_value_keeps_its_sign(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    signed = twelve_bit.astype(np.int16) - 2048
    stored = (signed & 0x0FFF).astype(np.uint16)
    path = make_dicom(stored, BitsStored=12, PixelRepresentation=1)
    assert np.array_equal(read_image(path).pixels, signed)


def test_left_aligned_values_are_shifted_and_a_wrong_high_bit_is_not_believed(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    left = make_dicom(twelve_bit << 4, BitsStored=12, HighBit=15, name="left")
    assert np.array_equal(read_image(left).pixels, twelve_bit)
    wrong = make_dicom(twelve_bit, BitsStored=12, HighBit=15, name="wrong")
    assert np.array_equal(read_image(wrong).pixels, twelve_bit)


@pytest.mark.parametrize("bits", [12, 16])
def test_a_monochrome1_file_equals_its_monochrome2_twin(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, bits: int
) -> None:
    negative = ((1 << bits) - 1 - twelve_bit.astype(np.int64)).astype(np.uint16)
    path = make_dicom(negative, BitsStored=bits, PhotometricInterpretation="MONOCHROME1")
    image = read_image(path)
    assert np.array_equal(image.pixels, twelve_bit)
    assert image.history == ("inverted (MONOCHROME1)",)


def test_signed_and_rescaled_monochrome1_is_inverted_within_its_range(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    signed = twelve_bit.astype(np.int16) - 2048
    path = make_dicom(
        signed, BitsStored=12, PhotometricInterpretation="MONOCHROME1",
        RescaleSlope="2", RescaleIntercept="100",
    )  # fmt: skip
    # The codes run from -2048 to 2047, rescaled from -3996 to 4194: their sum is 198.
    assert np.array_equal(read_image(path).pixels, 198 - (2.0 * signed + 100))


def test_rescale_slope_and_intercept_are_applied(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    image = read_image(make_dicom(twelve_bit, RescaleSlope="0.5", RescaleIntercept="-1024"))
    assert np.array_equal(image.pixels, twelve_bit * 0.5 - 1024)
    assert image.history == ("rescaled: 0.5 x stored value + -1024",)


@pytest.mark.parametrize("slope", ["0", "9e9", "nan", "a"])
def test_an_unusable_rescale_slope_is_ignored_with_a_warning(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, slope: str
) -> None:
    path = make_dicom(twelve_bit, RescaleSlope="7.5", RescaleIntercept="0")
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"\x04\x007.5 ", b"\x04\x00" + slope.ljust(4).encode()))
    image = read_image(path)
    assert np.array_equal(image.pixels, twelve_bit)
    assert any("Rescale" in sentence for sentence in image.warnings)


def test_a_window_is_recorded_and_not_applied(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    image = read_image(make_dicom(twelve_bit, WindowCenter="128", WindowWidth="256"))
    assert np.array_equal(image.pixels, twelve_bit)
    assert image.history == ("window not applied (centre 128, width 256)",)


@pytest.mark.parametrize("sequence", ["ModalityLUTSequence", "VOILUTSequence"])
def test_a_look_up_table_is_applied(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, sequence: str
) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    table = (np.arange(4096) ** 2 // 4096).astype(np.uint16)
    item = Dataset()
    item.LUTDescriptor = [4096, 0, 12]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = table.tobytes()
    item["LUTData"].VR = "OW"
    path = make_dicom(twelve_bit, BitsStored=12, **{sequence: Sequence([item])})
    image = read_image(path)
    assert np.array_equal(image.pixels, table[twelve_bit])
    assert "LUT applied" in image.history[0]


@pytest.mark.parametrize("sequence", ["ModalityLUTSequence", "VOILUTSequence"])
@pytest.mark.parametrize(
    ("length", "applied"),
    [(8192, True), (8194, True), (8190, False), (4096, False), (4098, False), (2000, False)],
)
def test_a_look_up_table_shorter_than_it_says_is_not_applied(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, sequence: str, length: int, applied: bool
) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    item = Dataset()
    item.LUTDescriptor = [4096, 0, 12]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = ((4095 - np.arange(5000)) % 4096).astype(np.uint16).tobytes()[:length]
    item["LUTData"].VR = "OW"
    image = read_image(make_dicom(twelve_bit, BitsStored=12, **{sequence: Sequence([item])}))
    assert np.array_equal(image.pixels, 4095 - twelve_bit if applied else twelve_bit)
    assert any("LUT" in sentence for sentence in image.warnings) != applied


@pytest.mark.parametrize("length", [4096, 2 * 4096])
def test_a_look_up_table_of_8_bits_may_be_packed(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, length: int
) -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    item, kind = Dataset(), np.uint8 if length == 4096 else np.uint16
    item.LUTDescriptor = [4096, 0, 8]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = (255 - np.arange(4096) // 16).astype(kind).tobytes()
    item["LUTData"].VR = "OW"
    image = read_image(make_dicom(twelve_bit, BitsStored=12, VOILUTSequence=Sequence([item])))
    assert np.array_equal(image.pixels, 255 - twelve_bit // 16)


def test_padding_becomes_the_darkest_value_after_inversion(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    padded = twelve_bit.copy()
    padded[:, :10] = 0
    path = make_dicom(
        padded, BitsStored=12, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=0
    )
    image = read_image(path)
    field = 4095.0 - padded[:, 10:]
    assert np.array_equal(image.pixels[:, 10:], field)
    assert np.all(image.pixels[:, :10] == field.min())
    assert "1200 padding pixels" in image.history[-1]


@pytest.mark.parametrize("planar", [0, 1])
def test_a_colour_capture_becomes_its_luminance(
    make_dicom: MakeDicom, colours: np.ndarray, planar: int
) -> None:
    stored = colours if planar == 0 else np.ascontiguousarray(colours.transpose(2, 0, 1))
    path = make_dicom(colours, PixelData=stored.tobytes(), PlanarConfiguration=planar)
    image = read_image(path)
    # Rounded to whole numbers: half a grey level.
    assert np.abs(image.pixels - colours @ [0.299, 0.587, 0.114]).max() <= 0.5 + 1e-9
    assert image.history == ("RGB to grey",)


def test_a_grey_capture_saved_as_rgb_comes_back_unchanged(
    make_dicom: MakeDicom, eight_bit: np.ndarray
) -> None:
    assert np.array_equal(read_image(make_dicom(np.stack([eight_bit] * 3, -1))).pixels, eight_bit)


def test_ybr_captures_give_their_luminance_channel(
    make_dicom: MakeDicom, colours: np.ndarray
) -> None:
    full = make_dicom(colours, PhotometricInterpretation="YBR_FULL", name="full")
    assert np.array_equal(read_image(full).pixels, colours[..., 0])
    pairs = colours[..., 0].reshape(-1, 2)
    chroma = np.full_like(pairs, 128)
    halved = make_dicom(
        colours, PhotometricInterpretation="YBR_FULL_422", name="halved",
        PixelData=np.concatenate([pairs, chroma], axis=1).tobytes(),
    )  # fmt: skip
    assert np.array_equal(read_image(halved).pixels, colours[..., 0])


def test_a_palette_capture_becomes_grey(make_dicom: MakeDicom, eight_bit: np.ndarray) -> None:
    ramp = np.arange(256, dtype=np.uint16) * 2
    tags: dict[str, object] = {}
    for colour in ("Red", "Green", "Blue"):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"{colour}PaletteColorLookupTableData"] = ramp.tobytes()
    path = make_dicom(eight_bit, PhotometricInterpretation="PALETTE COLOR", **tags)
    assert np.array_equal(read_image(path).pixels, 2.0 * eight_bit)


def test_a_single_frame_multi_frame_object_is_read_with_its_spacing(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    from pydicom.dataset import Dataset

    measures, group = Dataset(), Dataset()
    measures.PixelSpacing = [0.5, 0.25]
    group.PixelMeasuresSequence = [measures]
    path = make_dicom(twelve_bit, NumberOfFrames=1, SharedFunctionalGroupsSequence=[group])
    image = read_image(path)
    assert np.array_equal(image.pixels, twelve_bit)
    assert image.spacing_mm == (0.5, 0.25)


@pytest.mark.parametrize("enhanced", [True, False])
@pytest.mark.parametrize(
    ("cosines", "word"),
    [
        ([0, 1, 0, 0, 0, -1], ""),
        ([0, -1, 0, 0, 0, -1], ""),
        ([1, 0, 0, 0, 1, 0], ""),
        ([0, 1, 0, 0, 0, 1], "upside down"),
        ([0, 0, 1, 0, 1, 0], "on its side"),
        ([0, 0, 0, 0, 0, 0], ""),
    ],
)
def test_where_the_head_lies_by_cosines_is_said(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, cosines: list[float], word: str, enhanced: bool
) -> None:
    from pydicom.dataset import Dataset

    tags: dict[str, object] = {"ImageOrientationPatient": cosines}
    if enhanced:
        plane, group = Dataset(), Dataset()
        plane.ImageOrientationPatient = cosines
        group.PlaneOrientationSequence = [plane]
        tags = {"PerFrameFunctionalGroupsSequence": [group], "NumberOfFrames": 1}
    warnings = read_image(make_dicom(twelve_bit, **tags)).warnings
    said = [w for w in ("upside down", "on its side") if any(w in s for s in warnings)]
    assert said == ([word] if word else [])


def test_an_enhanced_object_is_rescaled_as_its_group_says(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    from pydicom.dataset import Dataset

    def group(slope: str) -> Dataset:
        transformation, holder = Dataset(), Dataset()
        transformation.RescaleSlope, transformation.RescaleIntercept = slope, "4095"
        holder.PixelValueTransformationSequence = [transformation]
        return holder

    shared = {"SharedFunctionalGroupsSequence": [group("-1")], "NumberOfFrames": 1}
    negative = read_image(make_dicom(twelve_bit, BitsStored=12, **shared))
    assert np.array_equal(negative.pixels, 4095.0 - twelve_bit)
    own = {"PerFrameFunctionalGroupsSequence": [group("-2")], **shared}
    frame = read_image(make_dicom(twelve_bit, BitsStored=12, name="frame", **own))
    assert np.array_equal(frame.pixels, 4095.0 - 2.0 * twelve_bit)
    top = {"RescaleSlope": "1", "RescaleIntercept": "0", **shared}
    whole = read_image(make_dicom(twelve_bit, BitsStored=12, name="top", **top))
    assert np.array_equal(whole.pixels, twelve_bit)


@pytest.mark.parametrize(
    ("orientation", "word"),
    [
        (["A", "F"], ""),
        (["P", "F"], ""),
        (["A", "H"], "upside down"),
        (["F", "A"], "on its side"),
        (["H", "P"], "on its side"),
        (["L", "F"], "frontal"),
    ],
)
def test_where_the_head_lies_by_patient_orientation_is_said(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, orientation: list[str], word: str
) -> None:
    image = read_image(make_dicom(twelve_bit, PatientOrientation=orientation))
    said = [w for w in image.warnings if "Patient Orientation" in w]
    assert len(said) == bool(word)
    assert all(word in sentence for sentence in said)
    assert np.array_equal(image.pixels, twelve_bit)


@pytest.mark.parametrize(
    ("tags", "spacing", "source"),
    [
        ({"PixelSpacing": [0.5, 0.25]}, (0.5, 0.25), "PixelSpacing"),
        ({"ImagerPixelSpacing": [0.6, 0.3]}, (0.6, 0.3), "ImagerPixelSpacing"),
        ({"NominalScannedPixelSpacing": [0.8, 0.4]}, (0.8, 0.4), "NominalScannedPixelSpacing"),
        ({"PixelAspectRatio": [3, 2]}, None, "PixelAspectRatio"),
        ({}, None, "unknown"),
    ],
)
@pytest.mark.parametrize(
    "sop_class",
    ["1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1"],
)
def test_one_rule_for_sc_dx_and_cr(
    make_dicom: MakeDicom,
    twelve_bit: np.ndarray,
    tags: dict[str, list[float]],
    spacing: tuple[float, float] | None,
    source: str,
    sop_class: str,
) -> None:
    image = read_image(make_dicom(twelve_bit, SOPClassUID=sop_class, **tags))
    assert (image.spacing_mm, image.spacing_source) == (spacing, source)
    if source == "PixelAspectRatio":
        assert (image.scale.row, image.scale.column) == (1.5, 1.0)


def test_the_users_spacing_goes_before_the_files(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    image = read_image(make_dicom(twelve_bit, PixelSpacing=[0.5, 0.25]), spacing_mm=(0.4, 0.2))
    assert (image.spacing_mm, image.spacing_source) == ((0.4, 0.2), "user")


def test_a_field_longer_than_a_spine_scan_is_warned_about(make_dicom: MakeDicom) -> None:
    rows = np.arange(700 * 64, dtype=np.uint16).reshape(700, 64)
    at = read_image(make_dicom(rows[:600], PixelSpacing=[2.0, 1.9], name="at"))
    above = read_image(make_dicom(rows[:601], PixelSpacing=[2.0, 1.9], name="above"))
    assert not any("longer" in sentence for sentence in at.warnings)
    assert any("longer" in sentence for sentence in above.warnings)


@pytest.mark.parametrize(
    ("tags", "sex", "age"),
    [
        ({"PatientSex": "F", "PatientAge": "067Y"}, "F", 67.0),
        ({"PatientSex": "M", "PatientAge": "018M"}, "M", 1.5),
        ({"PatientSex": "O", "PatientBirthDate": "19500101", "StudyDate": "20200101"}, None, 70.0),
        ({"PatientAge": "abc", "PatientBirthDate": "19500101"}, None, None),
        ({"PatientAge": "999Y"}, None, None),
        ({"PatientBirthDate": "19000101", "StudyDate": "20200101"}, None, None),
        ({"PatientBirthDate": "20200102", "StudyDate": "20200101"}, None, None),
        ({}, None, None),
    ],
)
def test_sex_and_age_are_taken_and_nothing_else_of_the_person(
    make_dicom: MakeDicom,
    twelve_bit: np.ndarray,
    tags: dict[str, str],
    sex: str | None,
    age: float | None,
) -> None:
    image = read_image(make_dicom(twelve_bit, **tags))
    assert image.sex == sex
    assert image.age_years == (None if age is None else pytest.approx(age, abs=0.01))
    doubtful = {"PatientAge", "PatientBirthDate", "StudyDate"} & set(tags) and age is None
    assert any("age is not known" in warning for warning in image.warnings) == bool(
        doubtful and tags.get("PatientAge") != "abc"
    )
    assert image.name == "scan"
    assert "Doe" not in repr((image.history, image.warnings, image.name))


def test_a_data_set_without_preamble_is_read(
    tmp_path: Path, dicom_as_bytes: Callable[..., bytes], twelve_bit: np.ndarray
) -> None:
    whole = dicom_as_bytes(twelve_bit, PixelSpacing=[0.5, 0.25])
    (tmp_path / "headless").write_bytes(whole[132:])
    image = read_image(tmp_path / "headless")
    assert np.array_equal(image.pixels, twelve_bit)
    group_length = int.from_bytes(whole[140:144], "little")
    (tmp_path / "bare").write_bytes(whole[144 + group_length :])
    assert np.array_equal(read_image(tmp_path / "bare").pixels, twelve_bit)


def test_importing_the_room_loads_neither_library() -> None:
    import subprocess

    code = (
        "import vertenet.images, sys; print({'SimpleITK', 'pydicom', 'torch'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2] / "VerteNetSlicer",
    )  # fmt: skip
    assert found.stdout.strip() == "set()"
