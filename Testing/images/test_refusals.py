"""Everything that is not one lateral slice: one clear sentence, never another exception."""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from vertenet.errors import ImageError
from vertenet.images import image_from_array, read_image

MakeDicom = Callable[..., Path]


def refusal(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


def test_a_damaged_jpeg_is_marked(tmp_path: Path, eight_bit: np.ndarray) -> None:
    Image.fromarray(eight_bit).save(tmp_path / "scan.jpg", quality=98)
    raw = bytearray((tmp_path / "scan.jpg").read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 300] = bytes(300)
    (tmp_path / "scan.jpg").write_bytes(raw)
    assert "damaged" in read_image(tmp_path / "scan.jpg").warnings[-1]


def test_a_missing_file_a_folder_and_an_empty_file(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "none.dcm")
    assert "folder" in refusal(tmp_path)
    (tmp_path / "empty").write_bytes(b"")
    assert "0 bytes" in refusal(tmp_path / "empty")
    assert "no such file" in refusal(tmp_path / ("x" * 20) / "none")
    refusal(tmp_path / ("x" * 5000))
    refusal(Path("a\0b"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in refusal(tmp_path / "pipe")


@pytest.mark.parametrize("where", ["-", "pipe", "LIST", "x%03d.raw", "../x.raw", "/etc/passwd"])
@pytest.mark.parametrize("ending", ["nrrd", "nhdr", "mhd"])
def test_a_header_is_not_followed_out_of_its_folder_or_into_a_pipe(
    tmp_path: Path, where: str, ending: str
) -> None:
    """``-`` is standard input to an NRRD file: it waited for ever."""
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
    (tmp_path / "x.raw").write_bytes(bytes(range(256)) * 25)
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / f"scan.{ending}"
    where = where if where != "pipe" else os.path.relpath(tmp_path / "pipe", folder)
    nrrd = f"NRRD0004\ntype: uint8\ndimension: 2\nsizes: 80 80\nencoding: raw\ndata file: {where}\n"
    meta = f"NDims = 2\nDimSize = 80 80\nElementType = MET_UCHAR\nElementDataFile = {where}\n"
    path.write_text(meta if ending == "mhd" else nrrd)
    assert "its raw file beside it" in refusal(path)


def test_a_detached_header_reads_the_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "x.raw").write_bytes(bytes(range(256)) * 25)
    (tmp_path / "s.nhdr").write_text(
        "NRRD0004\ntype: uint8\ndimension: 2\nsizes: 80 80\nencoding: raw\ndata file: x.raw\n"
    )
    assert read_image(tmp_path / "s.nhdr").pixels[0, 7] == 7


def test_a_compressed_bitmap_is_refused_before_its_library_crashes(
    tmp_path: Path, eight_bit: np.ndarray
) -> None:
    Image.fromarray(eight_bit).save(tmp_path / "s.bmp")
    raw = bytearray((tmp_path / "s.bmp").read_bytes())
    raw[30] = 1
    (tmp_path / "s.bmp").write_bytes(raw)
    assert "compressed" in refusal(tmp_path / "s.bmp")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission(tmp_path: Path) -> None:
    (tmp_path / "shut").write_bytes(b"x")
    (tmp_path / "shut").chmod(0)
    assert "permission" in refusal(tmp_path / "shut")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"GIF89a" + bytes(40), "GIF"),
        (b"patient;level;x;y\n" * 50, "text"),
        (b"<html><body>login</body></html>", "text"),
        (gzip.compress(b"hello" * 100), "gzip"),
        (bytes(4096), "zeros"),
        (b"Salted__" + np.random.default_rng(5).bytes(64), "encrypted"),
        (bytes.fromhex("308006092a864886f70d010703a080") + bytes(64), "encrypted"),
        (np.random.default_rng(0).bytes(4096), "encrypted"),
        (b"D", "text"),
    ],
    ids=[
        "pdf",
        "gif",
        "csv",
        "html",
        "gzip",
        "zeros",
        "openssl",
        "cms",
        "noise",
        "one letter",
    ],
)
def test_files_that_are_no_images_are_named(tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / "scan.dcm").write_bytes(content)
    assert word in refusal(tmp_path / "scan.dcm")


def test_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        archive.writestr("a", "b")
    assert "ZIP" in refusal(tmp_path / "study.zip")


def test_more_than_one_frame_or_slice(
    tmp_path: Path, make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    three = np.stack([twelve_bit] * 3)
    path = make_dicom(twelve_bit, NumberOfFrames=3, PixelData=three.tobytes())
    assert "expected one slice, got 3 frames" in refusal(path)
    untold = make_dicom(twelve_bit, PixelData=three.tobytes(), name="untold")
    assert "more than one frame" in refusal(untold)
    for name in ("v.nrrd", "v.nii.gz", "v.mha", "v.tif"):
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(three), str(tmp_path / name))
        assert "expected one slice, got 3" in refusal(tmp_path / name)
    colour = SimpleITK.GetImageFromArray(np.stack([three] * 3, -1).astype(np.uint8), isVector=True)
    SimpleITK.WriteImage(colour, str(tmp_path / "colour.nrrd"))
    assert "expected one slice, got 3" in refusal(tmp_path / "colour.nrrd")


def test_vectors_and_complex_numbers(tmp_path: Path, twelve_bit: np.ndarray) -> None:
    pairs = SimpleITK.GetImageFromArray(np.stack([twelve_bit] * 2, -1), isVector=True)
    SimpleITK.WriteImage(pairs, str(tmp_path / "v.nrrd"))
    assert "2 numbers a pixel" in refusal(tmp_path / "v.nrrd")
    waves = SimpleITK.GetImageFromArray(twelve_bit.astype(np.complex64))
    SimpleITK.WriteImage(waves, str(tmp_path / "c.mha"))
    refusal(tmp_path / "c.mha")


@pytest.mark.parametrize(
    "tags",
    [
        {"ViewPosition": "AP"},
        {"ViewPosition": "PA"},
        {"SeriesDescription": "AP Spine"},
        {"SeriesDescription": "Lumbar spine, frontal"},
        {"ProtocolName": "DXA A.P. spine"},
    ],
)
def test_what_calls_itself_frontal(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, tags: dict[str, str]
) -> None:
    assert "frontal (AP or PA)" in refusal(make_dicom(twelve_bit, **tags))


@pytest.mark.parametrize(
    "tags",
    [
        {"ViewPosition": "LL"},
        {"ViewPosition": "LATERAL", "SeriesDescription": "AP Spine"},
        {"SeriesDescription": "AP and lateral spine"},
        {"SeriesDescription": "LVA"},
        {"SeriesDescription": "apex 5.6 map"},
        {"StudyDescription": "AP Spine and hip"},
    ],
)
def test_what_calls_itself_lateral_or_nothing_is_read(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, tags: dict[str, str]
) -> None:
    assert read_image(make_dicom(twelve_bit, **tags)).width == 80


def test_a_hip_and_a_frontal_orientation_are_warned_about(
    make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    image = read_image(
        make_dicom(twelve_bit, BodyPartExamined="HIP", PatientOrientation=["L", "F"])
    )
    assert [word for word in ("hip", "frontal") if word in " ".join(image.warnings)] == [
        "hip", "frontal",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_an_empty_image(make_dicom: MakeDicom, tmp_path: Path, value: int) -> None:
    flat = np.full((120, 80), value, np.uint16)
    assert "same value" in refusal(make_dicom(flat))
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(flat), str(tmp_path / "flat.nrrd"))
    assert "same value" in refusal(tmp_path / "flat.nrrd")


@pytest.mark.parametrize(("rows_run", "said"), [("H", True), ("HA", True), ("F", False)])
def test_a_head_at_the_lower_edge_is_said(make_dicom, twelve_bit, rows_run, said):
    image = read_image(make_dicom(twelve_bit, PatientOrientation=["A", rows_run]))
    assert any("head is at the lower edge" in text for text in image.warnings) == said


@pytest.mark.parametrize(("side", "fits"), [(1, False), (63, False), (64, True), (65, True)])
def test_the_smallest_image(tmp_path: Path, make_dicom: MakeDicom, side: int, fits: bool) -> None:
    pixels = np.arange(side * 80, dtype=np.uint16).reshape(80, side)
    Image.fromarray(pixels).save(tmp_path / "s.png")
    for path in (make_dicom(pixels), tmp_path / "s.png"):
        if fits:
            assert read_image(path).width == side
        else:
            assert "at least 64 x 64" in refusal(path)


def test_a_huge_image_is_refused_before_its_pixels_are_unpacked(
    tmp_path: Path, make_dicom: MakeDicom, twelve_bit: np.ndarray
) -> None:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 30000, 30000, 8, 0, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(chunk))
    Image.new("L", (64, 64)).save(tmp_path / "bomb.png")
    raw = (tmp_path / "bomb.png").read_bytes()
    (tmp_path / "bomb.png").write_bytes(raw[:12] + chunk + crc + raw[33:])
    assert "30000 x 30000" in refusal(tmp_path / "bomb.png")
    Image.new("1", (64, 30000)).save(tmp_path / "strip.png")
    assert "at most" in refusal(tmp_path / "strip.png")
    tall = make_dicom(twelve_bit, Rows=30000, Columns=30000)
    assert "30000 x 30000" in refusal(tall)
    header = b"NRRD0004\ntype: uint8\ndimension: 2\nsizes: 30000 30000\nencoding: gzip\n\n"
    (tmp_path / "bomb.nrrd").write_bytes(header + gzip.compress(bytes(1000)))
    assert "30000 x 30000" in refusal(tmp_path / "bomb.nrrd")


def test_a_stream_larger_than_its_tags_say(
    make_dicom: MakeDicom, eight_bit: np.ndarray, tmp_path: Path
) -> None:
    import io

    from pydicom.encaps import encapsulate

    stream = io.BytesIO()
    Image.new("L", (6000, 6000)).save(stream, "jpeg")
    path = make_dicom(
        eight_bit, "1.2.840.10008.1.2.4.50", compressed=True,
        PixelData=encapsulate([stream.getvalue()]),
    )  # fmt: skip
    assert "6000 x 6000" in refusal(path)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
@pytest.mark.parametrize(
    "name", ["s.png", "s.jpg", "s.tif", "s.bmp", "s.nrrd", "s.nii", "s.nii.gz", "s.mha", "s.dcm"]
)
def test_truncated_files(
    tmp_path: Path, make_dicom: MakeDicom, eight_bit: np.ndarray, name: str, share: float
) -> None:
    path = tmp_path / name
    if name == "s.dcm":
        make_dicom(eight_bit, name=name)
    elif name in ("s.png", "s.jpg", "s.tif", "s.bmp"):
        Image.fromarray(eight_bit).save(path)
    else:
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(eight_bit), str(path))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    refusal(path)


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        ({"Rows": 4000}, "truncated"),
        ({"Rows": 0}, "Rows and Columns"),
        ({"Columns": 65535}, "65535"),
        ({"Rows": 65}, "wrong tags"),
        ({"BitsAllocated": 12, "BitsStored": 12}, "12 bits"),
        ({"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}, "1 bits"),
        ({"SamplesPerPixel": 4}, "4 of"),
        ({"PhotometricInterpretation": "CMYK"}, "CMYK"),
        ({"PixelData": b""}, "empty"),
    ],
)
def test_absurd_image_tags(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, tags: dict[str, object], word: str
) -> None:
    assert word in refusal(make_dicom(twelve_bit, **tags))


@pytest.mark.parametrize(
    ("sop_class", "word"),
    [
        ("1.2.840.10008.1.3.10", "DICOMDIR"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "PDF"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "Comprehensive SR"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "Presentation State"),
        ("1.2.3", "without any"),
    ],
)
def test_dicom_objects_without_pixels(
    make_dicom: MakeDicom, twelve_bit: np.ndarray, sop_class: str, word: str
) -> None:
    assert word in refusal(make_dicom(twelve_bit, drop=("PixelData",), SOPClassUID=sop_class))


def test_encrypted_dicom(make_dicom: MakeDicom, twelve_bit: np.ndarray) -> None:
    from pydicom.dataset import Dataset

    secret = Dataset()
    secret.EncryptedContent = b"0123456789"
    path = make_dicom(twelve_bit, drop=("PixelData",), EncryptedAttributesSequence=[secret])
    assert "encrypted" in refusal(path)


@pytest.mark.parametrize(
    ("syntax", "word"),
    [
        ("1.2.840.10008.1.2.4.100", "MPEG2"),
        ("1.2.840.10008.1.2.4.102", "MPEG-4"),
        ("1.2.840.10008.1.2.4.107", "HEVC"),
        ("1.2.840.10008.1.2.4.94", "JPIP"),
        ("1.2.840.10008.1.2.4.50", "cannot be decoded"),
        ("1.2.840.10008.1.2.4.90", "cannot be decoded"),
        ("1.2.840.10008.1.2.5", "cannot be decoded"),
    ],
)
def test_films_unknown_syntaxes_and_streams_of_noise(
    make_dicom: MakeDicom, eight_bit: np.ndarray, syntax: str, word: str
) -> None:
    from pydicom.encaps import encapsulate

    noise = np.random.default_rng(1).bytes(4000)
    path = make_dicom(eight_bit, syntax, compressed=True, PixelData=encapsulate([noise]))
    assert word in refusal(path)


def test_nothing_but_nan(tmp_path: Path) -> None:
    nothing = SimpleITK.GetImageFromArray(np.full((120, 80), np.nan, np.float32))
    SimpleITK.WriteImage(nothing, str(tmp_path / "nan.mha"))
    assert "finite" in refusal(tmp_path / "nan.mha")


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((3, 120, 80)),
        np.zeros(120),
        np.zeros((120, 80), complex),
        np.full((120, 80), "a"),
        np.zeros((120, 80)),
        np.zeros((0, 80)),
        np.arange(40 * 80).reshape(40, 80),
        np.full((120, 80), np.inf),
        [[1, 2], [3, 4]],
    ],
)
def test_arrays_that_are_no_image(pixels: object) -> None:
    with pytest.raises(ImageError, match="expected"):
        image_from_array(pixels)  # type: ignore[arg-type]


def test_a_hosts_array_is_copied_and_its_spacing_kept(twelve_bit: np.ndarray) -> None:
    values = twelve_bit.astype(np.float32)
    image = image_from_array(values, spacing_mm=(0.6, 0.3), spacing_source="PixelSpacing")
    values[:] = 0
    assert np.array_equal(image.pixels, twelve_bit)
    assert (image.spacing_mm, image.spacing_source) == ((0.6, 0.3), "PixelSpacing")
    assert image_from_array(twelve_bit, spacing_mm=(0.6, 0.3)).spacing_source == "user"
    assert image_from_array(twelve_bit).spacing_source == "unknown"


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("back", [0, 1])
def test_pages_in_a_circle_do_not_hang(tmp_path: Path, big: bool, order: str, back: int) -> None:
    """Each page of a TIFF names the next; libtiff's reader in ITK counted them without an end."""
    mark = b"II" if order == "<" else b"MM"
    word, count, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    head = mark + (struct.pack(f"{order}HHHQ", 43, 8, 0, 16) if big
                   else struct.pack(f"{order}HI", 42, 8))  # fmt: skip
    size = struct.calcsize(f"={count}") + entry + struct.calcsize(f"={word}")
    starts = [len(head), len(head) + size]
    pages = b"".join(
        struct.pack(f"{order}{count}", 1) + bytes(entry) + struct.pack(f"{order}{word}", after)
        for after in (starts[1], starts[back])
    )
    (tmp_path / "a.tif").write_bytes(head + pages)
    with pytest.raises(ImageError, match="in a circle"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize(
    "axes",
    ["NDims = -1", "NDims = 11", "NDims = 1000000", "NDims = 2.0", "NDims = 2\nNDims = -1", "",
     "ndims = 2\nNDims = -1", "NDims = 2\nNDims : -1", "NDims = 3"],
)  # fmt: skip
def test_a_metaimage_of_absurd_axes_is_refused_before_its_library_crashes(
    tmp_path: Path, axes: str
) -> None:
    header = f"ObjectType = Image\n{axes}\nDimSize = 80 80\nElementType = MET_UCHAR\n"
    data = header.encode() + b"ElementDataFile = LOCAL\n" + bytes(range(256)) * 25
    (tmp_path / "a.mha").write_bytes(data)
    with pytest.raises(ImageError, match="NDims from 2 to 5"):
        read_image(tmp_path / "a.mha")


def test_a_metaimage_with_its_axes_is_read(tmp_path: Path) -> None:
    header = b"ObjectType = Image\nNDims = 2\nDimSize = 80 80\nElementType = MET_UCHAR\n"
    data = header + b"ElementDataFile = LOCAL\n" + bytes(range(256)) * 25
    (tmp_path / "a.mha").write_bytes(data)
    assert read_image(tmp_path / "a.mha").pixels.shape == (80, 80)
