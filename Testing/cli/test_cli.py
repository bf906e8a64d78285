"""The command as a user types it: files, messages, exit codes; never a traceback."""

from __future__ import annotations

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from vertenet import __version__, cli
from vertenet.anatomy import Landmark, Level, PointName, Side, Spine, Vertebra
from vertenet.images import DxaImage

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "VerteNetSlicer"), "OMP_NUM_THREADS": "1"}
ALL = ["aac.csv", "image.nrrd", "landmarks.mrk.json", "overlay.png", "report.json", "vertebrae.csv"]
PLACES = {"PS": (0, 0), "MS": (0.5, 0), "AS": (1, 0), "AI": (1, 1), "MI": (0.5, 1), "PI": (0, 1)}
SPINE = Spine(
    tuple(
        Vertebra(
            level,
            {PointName(n): Landmark(90 + 60 * x, 20 + 60 * i + 45 * y, 0.4)
             for n, (x, y) in PLACES.items()},
            score=0.9,
            level_confidence=0.8,
        )
        for i, level in enumerate(list(Level)[-7:])
    )
)  # fmt: skip


class PointsThere:
    """A detector that always finds the same spine: the port through which the network comes."""

    info = SimpleNamespace(name="n", version="1", sha256="ab")

    def detect(self, image: DxaImage, *, anterior: Side | None = None) -> Spine:
        if image.name.startswith("empty"):
            return Spine((), Side.RIGHT, ("No spine was found.",))
        return replace(SPINE, anterior=anterior or Side.RIGHT)


@pytest.fixture
def a_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    import vertenet.detection

    monkeypatch.setattr(vertenet.detection, "load_detector", lambda model, device: PointsThere())


def write_png(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 255, (480, 256), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def run(*arguments: object) -> int:
    return cli.main([str(a) for a in arguments])


def subprocess_run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vertenet", *map(str, arguments)], capture_output=True, text=True,
        env=ENVIRONMENT, cwd=options.get("cwd"), check=False,
    )  # fmt: skip


def write_points(path: Path, *names: str) -> Path:
    rows = [
        f"{name},{v.level},{point},{at.x},{at.y}"
        for name in names
        for v in SPINE
        for point, at in v.points.items()
    ]
    path.write_text("image,level,point,x,y\n" + "\n".join(rows) + "\n")
    return path


# --- the command itself


def test_the_version_is_told_without_loading_numpy_or_torch() -> None:
    code = (
        "import sys; from vertenet.cli import main; code = main(['--version']);"
        "sys.exit(code or any(m in sys.modules for m in ('torch', 'numpy', 'rich', 'PIL')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    assert result.stdout.split() == ["vertenet", __version__]


@pytest.mark.parametrize(
    "command",
    [[], ["detect"], ["measure"], ["info"], ["report"], ["synth"], ["train"],
     ["convert-checkpoint"]],
)  # fmt: skip
def test_every_command_explains_itself(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command, "--help") == 0
    assert "Usage: vertenet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["detect"], ["detect", "a.png"], ["measure", "a.csv"],
     ["detect", "a.png", "-o", "x", "--device", "tpu"], ["synth", "--count", "0", "-o", "x"]],
)  # fmt: skip
def test_wrong_arguments_are_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


# --- detect


@pytest.mark.usefixtures("a_detector")
def test_detect_writes_all_files_of_an_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = write_png(tmp_path / "scan.png")
    assert run("detect", image, "--output", tmp_path / "out", "--spacing", "0.5,0.4") == 0
    assert sorted(os.listdir(tmp_path / "out")) == ["scan"]
    assert sorted(os.listdir(tmp_path / "out/scan")) == ALL
    report = json.loads((tmp_path / "out/scan/report.json").read_text(encoding="utf-8"))
    assert report["image"]["spacing_mm"] == [0.5, 0.4]
    assert report["image"]["spacing_source"] == "user"
    assert "7 vertebrae T11 to L5" in capsys.readouterr().out


@pytest.mark.usefixtures("a_detector")
def test_measuring_detected_landmarks_gives_the_identical_report(tmp_path: Path) -> None:
    image = write_png(tmp_path / "scan.png")
    run("detect", image, "--output", tmp_path / "out")
    assert run("measure", tmp_path / "out/scan/landmarks.mrk.json", "-o", tmp_path / "again") == 0
    for name in ALL:
        again, first = tmp_path / "again" / name, tmp_path / "out/scan" / name
        assert again.read_bytes() == first.read_bytes(), name


@pytest.mark.usefixtures("a_detector")
def test_measuring_a_report_gives_the_identical_report(tmp_path: Path) -> None:
    image = write_png(tmp_path / "scan.png")
    run("detect", image, "--output", tmp_path / "out")
    report = tmp_path / "out/scan/report.json"
    assert run("measure", report, "--image", image, "--output", tmp_path / "again") == 0
    assert (tmp_path / "again/report.json").read_bytes() == report.read_bytes()


@pytest.mark.usefixtures("a_detector")
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_anterior_side_can_be_given(tmp_path: Path, side: str) -> None:
    run("detect", write_png(tmp_path / "s.png"), "-o", tmp_path / "out", "--anterior", side)
    report = json.loads((tmp_path / "out/s/report.json").read_text(encoding="utf-8"))
    assert report["image"]["anterior"] == side


@pytest.mark.usefixtures("a_detector")
def test_one_bad_file_of_many_is_listed_and_the_rest_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(b"no image")
    files = [write_png(tmp_path / "a/scan.png"), bad, write_png(tmp_path / "b/scan.png")]
    out = tmp_path / "out"
    assert run("detect", *files, "--output", out) == 1
    assert sorted(os.listdir(out)) == [
        "aac.csv", "failures.csv", "images.csv", "scan", "scan-2", "vertebrae.csv",
    ]  # fmt: skip
    with (out / "failures.csv").open(encoding="utf-8", newline="") as stream:
        (failure,) = csv.DictReader(stream)
    assert failure["file"] == str(bad)
    assert "bad.dcm" in failure["reason"]
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert run("detect", files[0], files[2], "--output", out) == 0
    assert not (out / "failures.csv").exists()


@pytest.mark.usefixtures("a_detector")
def test_a_folder_stands_for_its_images(tmp_path: Path) -> None:
    write_png(tmp_path / "in/a.png")
    write_png(tmp_path / "in/deep/b.png")
    assert run("detect", tmp_path / "in", "--output", tmp_path / "out") == 0
    assert {"a", "b"} < set(os.listdir(tmp_path / "out"))


@pytest.mark.usefixtures("a_detector")
def test_an_image_without_a_spine_is_a_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("detect", write_png(tmp_path / "empty.png"), "-o", tmp_path / "out") == 0
    folder = tmp_path / "out/empty"
    assert sorted(os.listdir(folder)) == ALL
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["vertebrae"] == []
    assert "No spine was found." in report["warnings"]
    assert "no spine found" in capsys.readouterr().out
    assert run("measure", folder / "landmarks.mrk.json", "-o", tmp_path / "again") == 0
    again = (tmp_path / "again/report.json").read_bytes()
    assert again == (folder / "report.json").read_bytes()


@pytest.mark.usefixtures("a_detector")
@pytest.mark.parametrize("name", ["a b ü.png", "-.png", "100%.png", "a;b=c|d.png", "q'\".png"])
def test_odd_file_names_are_no_trouble(tmp_path: Path, name: str) -> None:
    write_png(tmp_path / name)
    assert run("detect", tmp_path / name, "--output", tmp_path / "out") == 0
    (folder,) = (tmp_path / "out").iterdir()
    assert run("measure", folder / "landmarks.mrk.json", "-o", tmp_path / "again") == 0
    report = (folder / "report.json").read_bytes()
    assert json.loads(report)["image"]["file"] == name
    assert (tmp_path / "again/report.json").read_bytes() == report


@pytest.mark.usefixtures("a_detector")
@pytest.mark.skipif(sys.platform != "linux", reason="such names exist on Linux only")
def test_a_name_that_is_not_utf8_is_no_trouble(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    os.rename(write_png(tmp_path / "x.png"), folder + b"/\xff\xfe.png")
    bad = folder + b"/\xfd.dcm"
    Path(os.fsdecode(bad)).write_bytes(b"no image")
    arguments = [os.fsdecode(folder + b"/\xff\xfe.png"), os.fsdecode(bad)]
    assert cli.main(["detect", *arguments, "--output", str(tmp_path / "out")]) == 1
    assert (tmp_path / "out/__/report.json").is_file()
    assert "?.dcm" in (tmp_path / "out/failures.csv").read_text(encoding="utf-8")


@pytest.mark.usefixtures("a_detector")
@pytest.mark.parametrize(
    "options", [["--spacing", "0,1"], ["--spacing", "x"], ["--spacing", "1,2,3"]]
)
def test_a_wrong_spacing_is_refused_before_anything_is_written(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    image = write_png(tmp_path / "a.png")
    assert run("detect", image, "--output", tmp_path / "out", *options) == 1
    assert "ROW,COL" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("a_detector")
def test_an_output_without_a_name_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("measure", write_points(tmp_path / "p.csv", "a"), "--output", "") == 2
    assert "got nothing" in capsys.readouterr().err


def test_an_output_that_is_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = write_png(tmp_path / "a.png")
    assert run("detect", image, "--output", image) == 1
    err = capsys.readouterr().err
    assert "a file stands where a folder is expected" in err
    assert err.count("\n") == 1


@pytest.mark.usefixtures("a_detector")
def test_a_full_disk_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_args: object, **_options: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    image = write_png(tmp_path / "a.png")
    monkeypatch.setattr(Path, "write_text", full)
    assert run("detect", image, "--output", tmp_path / "out") == 1
    assert "the disk is full" in capsys.readouterr().err
    assert os.listdir(tmp_path / "out") == ["failures.csv"]


# --- measure


@pytest.mark.parametrize("command", ["--help", "info", "report"])
def test_a_command_that_finds_no_points_loads_no_torch(tmp_path: Path, command: str) -> None:
    arguments = [command]
    if command == "report":
        points = write_points(tmp_path / "p.csv", "a")
        assert run("measure", points, "--output", tmp_path / "out") == 0
        arguments.append(str(tmp_path / "out"))
    code = (
        "import sys; from vertenet.cli import main;"
        f"code = main({arguments!r});"
        "sys.exit(code or ('torch' in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=True, capture_output=True)


def test_measure_needs_no_torch(tmp_path: Path) -> None:
    points = write_points(tmp_path / "p.csv", "a")
    code = (
        "import sys; from vertenet.cli import main;"
        f"code = main(['measure', {str(points)!r}, '--output', {str(tmp_path / 'out')!r}]);"
        "sys.exit(code or ('torch' in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=True)
    assert sorted(os.listdir(tmp_path / "out")) == [
        "aac.csv", "landmarks.mrk.json", "report.json", "vertebrae.csv",
    ]  # fmt: skip


def test_measure_of_many_images_gathers_them_in_one_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = write_points(tmp_path / "p.csv", "b", "a")
    assert run("measure", points, "--output", tmp_path / "out") == 0
    assert sorted(os.listdir(tmp_path / "out")) == [
        "a", "aac.csv", "b", "images.csv", "vertebrae.csv",
    ]  # fmt: skip
    with (tmp_path / "out/vertebrae.csv").open(newline="") as stream:
        assert [row["image"] for row in csv.DictReader(stream)] == ["b"] * 7 + ["a"] * 7
    assert "2/2" in capsys.readouterr().err


def test_measure_finds_the_images_in_a_folder(tmp_path: Path) -> None:
    points = write_points(tmp_path / "p.csv", "a", "b.png")
    for name in ("a.png", "b.png"):
        write_png(tmp_path / "images" / name)
    out = tmp_path / "out"
    assert run("measure", points, "--image", tmp_path / "images", "--output", out) == 0
    assert sorted(os.listdir(out / "a")) == ALL
    assert json.loads((out / "b/report.json").read_text())["image"]["width"] == 256


def test_an_image_that_is_not_in_the_folder_is_a_failure_of_its_own(tmp_path: Path) -> None:
    points = write_points(tmp_path / "p.csv", "a", "b")
    write_png(tmp_path / "images/a.png")
    out = tmp_path / "out"
    assert run("measure", points, "--image", tmp_path / "images", "--output", out) == 1
    with (out / "failures.csv").open(newline="") as stream:
        assert [row["file"] for row in csv.DictReader(stream)] == ["b"]
    assert (out / "a/report.json").is_file()


def test_one_image_cannot_belong_to_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = write_points(tmp_path / "p.csv", "a", "b")
    image = write_png(tmp_path / "a.png")
    assert run("measure", points, "--image", image, "--output", tmp_path / "out") == 1
    assert "Expected a folder of images" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\0\1", b"image,level\n", b"image,level,point,x,y\na,L1,PS,q,1\n"],
)
def test_a_damaged_landmarks_file_is_one_red_sentence(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    assert run("measure", path, "--output", tmp_path / "out") == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "Expected" in err or "expected" in err
    assert not (tmp_path / "out").exists()


def test_a_table_without_rows_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "p.csv"
    path.write_text("image,level,point,x,y\n")
    assert run("measure", path, "--output", tmp_path / "out") == 1
    assert "no points" in capsys.readouterr().err


# --- the edge


def test_an_unexpected_error_is_one_line_and_a_traceback_only_on_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import vertenet.report

    def broken(_path: Path) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(vertenet.report, "read_landmarks", broken)
    monkeypatch.delenv("VERTENET_DEBUG", raising=False)
    assert run("measure", "x", "--output", tmp_path) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "Unexpected error (KeyError: 'surprise'). Please report" in err
    monkeypatch.setenv("VERTENET_DEBUG", "1")
    assert run("measure", "x", "--output", tmp_path) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [m for m in sys.modules if m == "rich" or m.startswith("rich.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    points = write_points(tmp_path / "p.csv", "a", "b")
    assert run("measure", points, "--output", tmp_path / "out") == 1
    assert "pip install rich" in capsys.readouterr().err


def heed_interrupts() -> None:
    """A shell starts its background jobs deaf to Ctrl-C, and with them these tests."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interruption_is_exit_code_130_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    points = write_points(tmp_path / "p.csv", *(f"p{i}" for i in range(1500)))
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "vertenet", "measure", str(points), "--output", str(out)],
        env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_interrupts,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (out / "p0").exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not [name for name in os.listdir(out) if name.startswith(".")]
    assert all(len(os.listdir(out / name)) == 4 for name in os.listdir(out))


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interruption_inside_code_compiled_from_text_is_exit_code_130() -> None:
    """Python would end the process by the signal, as it did at times while importing."""
    code = (
        "import os, signal, sys; from vertenet import cli;"
        "text = 'os.kill(os.getpid(), signal.SIGINT); sum(range(10**7))';"
        "cli.commands.commands['info'].callback = lambda **_: exec(text);"
        "sys.exit(cli.main(['info']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=False,
        preexec_fn=heed_interrupts,
    )  # fmt: skip
    assert (result.returncode, result.stderr.split()) == (130, ["Interrupted."])


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interruption_while_importing_is_exit_code_130_without_a_traceback(
    tmp_path: Path,
) -> None:
    (tmp_path / "click.py").write_text(
        "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(60)"
    )
    paths = os.pathsep.join((str(tmp_path), ENVIRONMENT["PYTHONPATH"]))
    result = subprocess.run(
        [sys.executable, "-m", "vertenet", "--version"], capture_output=True, text=True,
        env={**ENVIRONMENT, "PYTHONPATH": paths}, check=False, preexec_fn=heed_interrupts,
    )  # fmt: skip
    assert (result.returncode, result.stderr.split()) == (130, ["Interrupted."])


# --- the other commands


def test_synth_writes_scans_that_measure_reads(tmp_path: Path) -> None:
    assert run("synth", "--count", 1, "--seed", 3, "--output", tmp_path / "s") == 0
    assert sorted(os.listdir(tmp_path / "s")) == ["points.csv", "scan_0001.png", "truth.csv"]
    arguments = ("--image", tmp_path / "s/scan_0001.png", "--output", tmp_path / "out")
    assert run("measure", tmp_path / "s/points.csv", *arguments) == 0
    assert sorted(os.listdir(tmp_path / "out")) == ALL


def test_synth_writes_dicom_with_the_same_points(tmp_path: Path) -> None:
    from vertenet.images import read_image

    for kind in ("png", "dicom"):
        run("synth", "--count", 1, "--seed", 4, "--format", kind, "--output", tmp_path / kind)
    dicom = read_image(tmp_path / "dicom/scan_0001.dcm")
    png = read_image(tmp_path / "png/scan_0001.png")
    assert (dicom.width, dicom.height) == (png.width, png.height)
    assert dicom.spacing_source == "PixelSpacing"
    points = [(tmp_path / kind / "points.csv").read_text() for kind in ("png", "dicom")]
    assert points[0].replace(".png", "") == points[1].replace(".dcm", "")


def test_info_tells_a_model_and_its_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from vertenet.network.bundle import write_model

    write_model(
        tmp_path / "m", state_dict={}, name="tiny", version="7", architecture="compact", config={},
        card="# The card of tiny",
    )  # fmt: skip
    assert run("info", "--model", tmp_path / "m") == 0
    out = capsys.readouterr().out
    assert "tiny 7" in out
    assert "# The card of tiny" in out
    assert run("info", "--model", tmp_path) == 1


def test_a_file_that_is_no_checkpoint_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.pth").write_bytes(b"nonsense")
    assert run("convert-checkpoint", tmp_path / "x.pth", "--output", tmp_path / "m") == 1
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert not (tmp_path / "m").exists()


def test_detect_with_a_real_network_never_breaks(tmp_path: Path) -> None:
    """An untrained network through the whole path: whatever it finds, all files are written."""
    from vertenet.network.bundle import write_model
    from vertenet.network.compact import CompactConfig, CompactVerteNet

    config = CompactConfig()
    network = CompactVerteNet(config)
    write_model(
        tmp_path / "m", state_dict=network.state_dict(), name="untrained", version="0",
        architecture="compact", config=config.to_dict(), card="untrained",
    )  # fmt: skip
    image = write_png(tmp_path / "a.png")
    assert run("detect", image, "--model", tmp_path / "m", "-o", tmp_path / "out") == 0
    assert sorted(os.listdir(tmp_path / "out/a")) == ALL
    report = json.loads((tmp_path / "out/a/report.json").read_text(encoding="utf-8"))
    assert report["model"]["name"] == "untrained"
