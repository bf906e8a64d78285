"""Each transfer syntax through both decoders: pydicom's plugins and GDCM."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vertenet.errors import ImageError
from vertenet.images import read_image
from vertenet.images.dicom_bits import codes_from_words
from vertenet.images.dicom_codecs import by_gdcm, by_pydicom
from vertenet.images.dicom_layout import read_layout
from vertenet.images.spacing import unknown_spacing

RLE, JPEG = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50"
LOSSLESS = {
    "RLE": RLE,
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}
LUMA = np.array([0.299, 0.587, 0.114])


def compress(raw: bytes, syntax: str) -> bytes:
    """The file again with its pixels compressed by pydicom's encoders."""
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(io.BytesIO(raw))
        data.compress(syntax)
        stream = io.BytesIO()
        data.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def both_ways(raw: bytes) -> list[np.ndarray]:
    """Stored values from pydicom and from GDCM, the order of `read_image` left aside."""
    import pydicom

    frames = []
    for decode in (by_pydicom, by_gdcm):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(io.BytesIO(raw))
            layout = read_layout(data, "x")
            raw_frame = decode(data, data.PixelData, layout)
            frames.append(codes_from_words(data, raw_frame, layout, "x").values)
    return frames


@pytest.mark.parametrize("syntax", LOSSLESS.values(), ids=LOSSLESS.keys())
@pytest.mark.parametrize("kind", ["12 bit", "16 bit", "8 bit", "signed 13 bit", "MONOCHROME1"])
def test_lossless_grey_is_exact_by_both_decoders(
    tmp_path: Path,
    dicom_as_bytes: Callable[..., bytes],
    twelve_bit: np.ndarray,
    syntax: str,
    kind: str,
) -> None:
    values, tags, expected = {
        "12 bit": (twelve_bit, {"BitsStored": 12}, twelve_bit),
        "16 bit": (twelve_bit * 12, {}, twelve_bit * 12),
        "8 bit": ((twelve_bit >> 4).astype(np.uint8), {}, twelve_bit >> 4),
        "signed 13 bit": (
            twelve_bit.astype(np.int16) - 2048,
            {"BitsStored": 13},
            twelve_bit.astype(np.int16) - 2048,
        ),
        "MONOCHROME1": (
            twelve_bit,
            {"BitsStored": 12, "PhotometricInterpretation": "MONOCHROME1"},
            4095 - twelve_bit,
        ),
    }[kind]
    raw = compress(dicom_as_bytes(values, PixelSpacing=[0.5, 0.25], **tags), syntax)
    (tmp_path / "scan").write_bytes(raw)
    image = read_image(tmp_path / "scan")
    assert np.array_equal(image.pixels, expected)
    assert image.spacing_mm == (0.5, 0.25)
    assert syntax in image.history[0]
    for frame in both_ways(raw):
        assert np.array_equal(frame, values)


@pytest.mark.parametrize("syntax", LOSSLESS.values(), ids=LOSSLESS.keys())
def test_values_beyond_bits_stored_are_refused_whoever_decodes_them(
    tmp_path: Path, dicom_as_bytes: Callable[..., bytes], twelve_bit: np.ndarray, syntax: str
) -> None:
    import pydicom

    raw = compress(dicom_as_bytes(twelve_bit * 3), syntax)
    data = pydicom.dcmread(io.BytesIO(raw))
    data.BitsStored, data.HighBit = 12, 11
    data.save_as(tmp_path / "scan", enforce_file_format=True)
    # RLE never goes to pydicom, which would cut the values.
    for decode in (by_gdcm,) if syntax == RLE else (by_pydicom, by_gdcm):
        layout = read_layout(data, "x")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = decode(data, data.PixelData, layout)
        with pytest.raises(ImageError, match="expected values of 12 bits"):
            codes_from_words(data, frame, layout, "x")
    with pytest.raises(ImageError, match="expected values of 12 bits"):
        read_image(tmp_path / "scan")


@pytest.mark.parametrize("syntax", LOSSLESS.values(), ids=LOSSLESS.keys())
def test_lossless_colour_becomes_its_luminance(
    tmp_path: Path, dicom_as_bytes: Callable[..., bytes], colours: np.ndarray, syntax: str
) -> None:
    raw = compress(dicom_as_bytes(colours), syntax)
    (tmp_path / "scan").write_bytes(raw)
    # Rounded to whole numbers: half a grey level.
    assert np.abs(read_image(tmp_path / "scan").pixels - colours @ LUMA).max() <= 0.5 + 1e-9
    for frame in both_ways(raw):
        assert np.array_equal(frame, colours)


@pytest.mark.parametrize("syntax", LOSSLESS.values(), ids=LOSSLESS.keys())
def test_lossless_ybr_gives_its_first_channel(
    tmp_path: Path, dicom_as_bytes: Callable[..., bytes], colours: np.ndarray, syntax: str
) -> None:
    raw = compress(dicom_as_bytes(colours, PhotometricInterpretation="YBR_FULL"), syntax)
    (tmp_path / "scan").write_bytes(raw)
    assert np.array_equal(read_image(tmp_path / "scan").pixels, colours[..., 0])


def test_jpeg_2000_with_its_own_colour_transform(
    tmp_path: Path, dicom_as_bytes: Callable[..., bytes], colours: np.ndarray
) -> None:
    syntax = LOSSLESS["JPEG 2000"]
    raw = compress(dicom_as_bytes(colours, PhotometricInterpretation="YBR_RCT"), syntax)
    (tmp_path / "scan").write_bytes(raw)
    # Rounded to whole numbers: half a grey level.
    assert np.abs(read_image(tmp_path / "scan").pixels - colours @ LUMA).max() <= 0.5 + 1e-9


def jpeg(pixels: np.ndarray, **options: object) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "jpeg", quality=98, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("photometric", "options"),
    [
        ("YBR_FULL_422", {"subsampling": 1}),
        ("YBR_FULL", {"subsampling": 0}),
        ("RGB", {"keep_rgb": True}),
        ("RGB", {"subsampling": 0}),  # a tag that says RGB over a stream that is YCbCr
    ],
)
def test_baseline_jpeg_colour_is_right_whatever_the_tag_says(
    tmp_path: Path,
    dicom_as_bytes: Callable[..., bytes],
    colours: np.ndarray,
    photometric: str,
    options: dict[str, object],
) -> None:
    from pydicom.encaps import encapsulate

    raw = dicom_as_bytes(
        colours, JPEG, compressed=True, PixelData=encapsulate([jpeg(colours, **options)]),
        PhotometricInterpretation=photometric,
    )  # fmt: skip
    (tmp_path / "scan").write_bytes(raw)
    # Lossy: two grey levels of 255 at quality 98.
    assert np.abs(read_image(tmp_path / "scan").pixels - colours @ LUMA).max() <= 2
    for frame in both_ways(raw):
        assert np.abs(frame.astype(float) @ LUMA - colours @ LUMA).max() <= 2


def test_baseline_jpeg_grey_in_several_fragments(
    tmp_path: Path, dicom_as_bytes: Callable[..., bytes], eight_bit: np.ndarray
) -> None:
    from pydicom.encaps import encapsulate

    pixels = encapsulate([jpeg(eight_bit)], fragments_per_frame=2)
    raw = dicom_as_bytes(eight_bit, JPEG, compressed=True, PixelData=pixels)
    (tmp_path / "scan").write_bytes(raw)
    assert np.abs(read_image(tmp_path / "scan").pixels - eight_bit).max() <= 4
    for frame in both_ways(raw):
        assert np.abs(frame.astype(float) - eight_bit).max() <= 4


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("kind", ["JPEG", "JPEG-LS", "JPEG 2000", "RLE"])
@pytest.mark.parametrize("share", [0.5, 0.97])
def test_truncated_data_are_refused_and_never_filled_with_grey(
    tmp_path: Path, dicom_as_bytes: Callable[..., bytes], kind: str, share: float, fragments: int
) -> None:
    import pydicom
    from pydicom.encaps import encapsulate, generate_frames

    noise = np.random.default_rng(0).integers(0, 255, (120, 80)).astype(np.uint8)
    if kind == "JPEG":
        syntax, frame = JPEG, jpeg(noise)
    else:
        syntax = LOSSLESS[kind]
        data = pydicom.dcmread(io.BytesIO(compress(dicom_as_bytes(noise), syntax)))
        frame = next(generate_frames(data.PixelData, number_of_frames=1))
    cut = frame[: int(len(frame) * share) // 2 * 2]
    for part, name in ((frame, "whole"), (cut, "cut")):
        pixels = encapsulate([part], fragments_per_frame=1 if kind == "RLE" else fragments)
        raw = dicom_as_bytes(noise, syntax, compressed=True, PixelData=pixels)
        (tmp_path / name).write_bytes(raw)
    assert read_image(tmp_path / "whole").warnings == unknown_spacing().warnings
    # JPEG and its kin are refused before any decoder may fill what is missing
    said = "cannot be decoded" if kind == "RLE" else "truncated"
    with pytest.raises(ImageError, match=said):
        read_image(tmp_path / "cut")


@pytest.mark.parametrize("colour", [False, True])
def test_damaged_lossy_data_are_read_with_a_warning(
    tmp_path: Path, dicom_as_bytes: Callable[..., bytes], colour: bool
) -> None:
    from pydicom.encaps import encapsulate

    shape = (120, 80, 3) if colour else (120, 80)
    noise = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    frame = bytearray(jpeg(noise))
    cut = bytes(frame[: len(frame) // 2]) + b"\xff\xd9"
    tags = {"PhotometricInterpretation": "YBR_FULL_422"} if colour else {}
    raw = dicom_as_bytes(noise, JPEG, compressed=True, PixelData=encapsulate([cut]), **tags)
    (tmp_path / "cut").write_bytes(raw)
    assert any("JPEG data are damaged" in s for s in read_image(tmp_path / "cut").warnings)


def test_lossless_jpeg_written_by_gdcm(tmp_path: Path, twelve_bit: np.ndarray) -> None:
    import SimpleITK

    writer = SimpleITK.ImageFileWriter()
    writer.SetFileName(str(tmp_path / "scan.dcm"))
    writer.SetImageIO("GDCMImageIO")
    writer.SetUseCompression(True)
    writer.SetCompressor("JPEG")
    writer.Execute(SimpleITK.GetImageFromArray(twelve_bit))
    raw = (tmp_path / "scan.dcm").read_bytes()
    assert b"1.2.840.10008.1.2.4.70" in raw
    assert np.array_equal(read_image(tmp_path / "scan.dcm").pixels, twelve_bit)
    for frame in both_ways(raw):
        assert np.array_equal(frame, twelve_bit)
