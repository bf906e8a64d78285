"""Figures of made-up predictions have closed forms."""

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vertenet
from vertenet.errors import LandmarkError
from vertenet.training.annotated import Annotated
from vertenet.training.evaluation import evaluate, figures
from vertenet.training.evaluation_columns import Columns
from vertenet.training.evaluation_files import POINT_COLUMNS, write_evaluation
from vertenet.training.evaluation_heights import height_errors
from vertenet.training.evaluation_sigma import sigma_check
from vertenet.training.evaluation_table import tables

BODY = np.array([[-20.0, -15], [0, -15], [20, -15], [20, 15], [0, 15], [-20, 15]])
LEVELS = ("L1", "L2", "L3")


def image(name="a", levels=LEVELS, shift=(0.0, 0.0), first=0, **more):
    bodies = {
        level: BODY + [100, 40 + 40 * (i + first)] + np.array(shift)
        for i, level in enumerate(levels)
    }
    return Annotated(name, bodies, **{"size": (200, 400), **more})


def judged(predicted, truth):
    return evaluate({p.image: p for p in predicted}, {t.image: t for t in truth})


def row(evaluation, group, value):
    rows = Columns.of(evaluation.cases).table()
    return next(r.figures for r in rows if (r.group, r.value) == (group, value))


def test_a_shift_by_three_pixels_has_the_same_size_in_every_unit():
    found = figures(judged([image(shift=(3, 0))], [image(spacing_mm=(0.5, 0.5))]).cases)
    assert found["median_native_px"] == pytest.approx(3.0)
    assert found["mean_share"] == pytest.approx(0.1)
    assert found["median_paper_px"] == pytest.approx(3 * 512 / 200)
    assert found["p95_mm"] == pytest.approx(1.5)
    assert found["bias_along"] == pytest.approx(0.1)


def test_pixels_that_are_not_square_are_measured_in_millimetres():
    found = figures(judged([image(shift=(3, 0))], [image(spacing_mm=(1.0, 0.5))]).cases)
    assert found["median_mm"] == pytest.approx(1.5)
    assert found["mean_share"] == pytest.approx(1.5 / 30)
    assert found["median_native_px"] == pytest.approx(3.0)


def test_what_is_not_known_is_none_and_said():
    result = judged([image(size=None)], [image(size=None)])
    found = figures(result.cases)
    assert found["median_paper_px"] is None
    assert found["median_mm"] is None
    assert "size of 1 image(s) is not known" in result.notes[0]


def test_an_image_without_a_prediction_is_missed_and_named():
    result = judged([image("a")], [image("a"), image("b")])
    assert figures(result.cases)["found"] == 0.5
    assert "no prediction" in result.notes[0] and "b" in result.notes[0]


def test_names_may_differ_in_their_ending():
    assert figures(judged([image("a.png")], [image("a")]).cases)["found"] == 1.0


def test_nothing_in_common_is_refused():
    with pytest.raises(LandmarkError, match="both in the predictions and in the truth"):
        judged([image("a")], [image("b")])


def test_levels_shifted_by_one_are_found_but_wrong():
    found = figures(judged([image(levels=("L2", "L3", "L4"))], [image()]).cases)
    assert found["found"] == 1.0
    assert found["level_right"] == 0.0
    assert found["images_levels_right"] == 0.0


def test_levels_that_are_not_certain_are_not_judged():
    truth = [image("a", uncertain=set(LEVELS)), image("b")]
    found = figures(judged([image("a", levels=("L2", "L3", "L4")), image("b")], truth).cases)
    assert found["level_right"] == 1.0
    assert found["images_levels_right"] == 1.0


def test_a_vertebra_with_some_points_is_compared_where_found_and_never_missed():
    partial = image(levels=("L1", "L2"))
    partial.bodies["L2"][[2, 3]] = np.nan
    both = judged([image(levels=("L1", "L2"), shift=(0, 3))], [partial])
    assert figures(both.cases)["vertebrae"] == 1.0
    assert row(both, "point", "PS")["mean_share"] == pytest.approx(0.1)
    assert len(both.cases[0].result.matches) == 2
    missed = judged([image(levels=("L1",))], [partial])
    assert figures(missed.cases)["found"] == 1.0


@pytest.mark.parametrize(
    ("extra", "first", "false", "silent"),
    [
        ("L4", 3, 0, 1),  # below the last annotated vertebra: perhaps there
        ("T12", -1, 0, 1),
    ],
)
def test_what_lies_beyond_the_annotated_vertebrae_is_not_judged(extra, first, false, silent):
    predicted = image()
    predicted.bodies |= image(levels=(extra,), first=first).bodies
    found = figures(judged([predicted], [image()]).cases)
    assert (found["false_per_image"], found["unjudged_per_image"]) == (false, silent)


def test_what_lies_beside_or_beyond_the_whole_spine_is_false():
    beside = image()
    beside.bodies["T12"] = BODY + [180, 80]
    assert figures(judged([beside], [image()]).cases)["false_per_image"] == 1.0
    truth = image(levels=("L4", "L5"))
    below = image(levels=("L3", "L4", "L5"))  # named one too high, so that one lies below L5
    assert figures(judged([below], [truth]).cases)["false_per_image"] == 1.0


def test_a_vertebra_in_a_gap_of_the_truth_is_not_judged():
    truth = image()
    del truth.bodies["L2"]
    found = figures(judged([image()], [truth]).cases)
    assert (found["false_per_image"], found["unjudged_per_image"]) == (0.0, 1.0)


def test_corners_named_by_the_image_fit_either_way_of_facing():
    truth = image(facing=None)
    assert figures(judged([image().mirrored()], [truth]).cases)["mean_share"] == pytest.approx(0)
    assert figures(judged([image()], [truth]).cases)["mean_share"] == pytest.approx(0)


def test_rows_by_level_grade_look_and_quality_split_the_errors():
    truth = [
        image("a", look="bright", quality="good", grade={"L1": 2, "L2": 0}),
        image("b", look="faint", quality="poor"),
    ]
    result = judged([image("a"), image("b", shift=(3, 0))], truth)
    assert row(result, "look", "bright")["mean_share"] == pytest.approx(0.0)
    assert row(result, "look", "faint")["mean_share"] == pytest.approx(0.1)
    assert row(result, "quality", "poor")["images"] == 1.0
    assert row(result, "grade", "2")["vertebrae"] == 1.0
    assert row(result, "level", "L3")["vertebrae"] == 2.0
    assert row(result, "region", "T12-L5")["vertebrae"] == 6.0
    assert row(result, "level", "L3")["false_per_image"] is None


@pytest.mark.parametrize(("kinds", "grouped"), [(100, True), (101, False)])
def test_words_that_differ_from_image_to_image_group_nothing(tmp_path, kinds, grouped):
    names = [f"i{i}" for i in range(kinds)]
    truth = {n: image(n, levels=("L1", f"?{n}"), quality=f"remark {n}", look="a") for n in names}
    found = write_evaluation(evaluate(truth, truth), tmp_path, plots=False)
    groups = [r.value for r in found.rows if r.group == "quality"]
    assert len(groups) == (kinds if grouped else 0)
    assert [r.value for r in found.rows if r.group == "look"] == ["a"]
    assert [r.value for r in found.rows if r.group == "level"] == ["L1"]
    said = [note for note in found.notes if "101 different words of quality" in note]
    assert len(said) == (not grouped)


def test_rows_by_the_annotators_confidence_hold_those_points_only():
    truth = image(confidence={level: ["low"] + ["high"] * 5 for level in LEVELS})
    predicted = image()
    for body in predicted.bodies.values():
        body[0, 0] += 3
    result = judged([predicted], [truth])
    assert row(result, "confidence", "low")["mean_share"] == pytest.approx(0.1)
    assert row(result, "confidence", "high")["mean_share"] == pytest.approx(0.0)


def test_heights_a_tenth_too_large_have_that_bias_and_its_rms_cv():
    predicted = image()
    for name, body in predicted.bodies.items():
        middle = body.mean(axis=0)
        predicted.bodies[name] = middle + (body - middle) * 1.1
    agreement = {(h.name, h.unit): h for h in height_errors(judged([predicted], [image()]).cases)}
    ha = agreement["Ha", "%"]
    assert ha.count == 3
    assert ha.bias == pytest.approx(10.0)
    assert ha.sd == pytest.approx(0.0, abs=1e-9)
    assert (ha.low, ha.high) == (pytest.approx(10.0), pytest.approx(10.0))
    assert ha.rms_cv == pytest.approx(3 / math.sqrt(2) / 31.5)
    assert agreement["Ha/Hp", ""].bias == pytest.approx(0.0, abs=1e-12)
    assert ("Ha", "mm") not in agreement


def test_heights_are_in_millimetres_where_the_spacing_is_known():
    predicted = image()
    for body in predicted.bodies.values():
        body[2, 1] -= 2  # AS two pixels higher
    cases = judged([predicted], [image(spacing_mm=(0.5, 0.5))]).cases
    agreement = {(h.name, h.unit): h for h in height_errors(cases)}
    assert agreement["Ha", "mm"].bias == pytest.approx(1.0)
    assert agreement["Hp", "mm"].bias == pytest.approx(0.0)


def test_a_true_sigma_is_found_to_be_true():
    rng = np.random.default_rng(0)
    names = [f"i{k}" for k in range(300)]
    truth = [image(n) for n in names]
    predicted = [image(n, sigma={level: np.full(6, 2.0) for level in LEVELS}) for n in names]
    for item in predicted:
        for body in item.bodies.values():
            body += rng.normal(0, 2.0, body.shape)
    check = sigma_check(judged(predicted, truth).cases)
    # 10,800 errors: the standard error of a share is at most 0.5 points
    assert check.count == 10_800
    assert check.within_1 == pytest.approx(0.683, abs=0.02)
    assert check.within_2 == pytest.approx(0.954, abs=0.01)
    assert check.factor == pytest.approx(1.0, abs=0.04)
    np.testing.assert_allclose(check.observed, check.nominal, atol=0.02)


def test_without_sigma_there_is_no_calibration():
    assert sigma_check(judged([image()], [image()]).cases) is None


def test_the_files_hold_every_point_and_no_nan(tmp_path):
    truth = image(grade={"L1": 1}, look="bright", spacing_mm=(0.5, 0.5))
    predicted = image(
        levels=("L1", "L2"), shift=(3, 0), sigma={"L1": np.full(6, 1.0), "L2": np.full(6, 1.0)}
    )
    evaluation = judged([predicted], [truth])
    found = write_evaluation(evaluation, tmp_path / "out")
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {
        "summary.csv",
        "agreement.csv",
        "grades.csv",
        "points.csv",
        "summary.json",
        "errors.png",
        "levels.png",
        "bias.png",
        "heights.png",
        "sigma.png",
    }
    with (tmp_path / "out" / "points.csv").open() as stream:
        points = list(csv.DictReader(stream))
    assert tuple(points[0]) == POINT_COLUMNS
    assert len(points) == 18
    assert [p["error_percent"] for p in points if p["level"] == "L3"] == [""] * 6
    assert float(points[0]["error_mm"]) == pytest.approx(1.5)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["schema"] == "vertenet-evaluation/1"
    assert summary["groups"][0]["figures"]["found"] == pytest.approx(2 / 3)
    assert summary["sigma"]["count"] == 24
    assert "NaN" not in (tmp_path / "out" / "summary.json").read_text()
    assert len(tables(found)) == 3


def test_angles_have_a_picture_where_there_are_any(tmp_path):
    levels = ("T4", "T5", "T12")
    write_evaluation(judged([image(levels=levels)], [image(levels=levels)]), tmp_path)
    assert (tmp_path / "angles.png").stat().st_size > 1000


def test_the_command_prints_tables_and_writes_files(tmp_path, capsys):
    from vertenet.cli import main

    lines = ["image,level,point,x,y"]
    lines += [
        f"a,{level},{p},{x},{y}"
        for level, body in image().bodies.items()
        for p, (x, y) in zip(("PS", "MS", "AS", "AI", "MI", "PI"), body)
    ]
    (tmp_path / "p.csv").write_text("\n".join(lines))
    code = main(
        [
            "evaluate",
            str(tmp_path / "p.csv"),
            str(tmp_path / "p.csv"),
            "--no-plots",
            "-o",
            str(tmp_path / "out"),
        ]
    )
    printed = capsys.readouterr().out
    assert code == 0
    assert "six points" in printed and "limits of agreement" in printed
    assert (tmp_path / "out" / "summary.csv").is_file()


def test_the_command_says_what_is_missing(tmp_path, capsys):
    from vertenet.cli import main

    assert main(["evaluate", str(tmp_path / "no"), str(tmp_path), "-o", str(tmp_path / "o")]) == 1
    assert "Expected annotations" in capsys.readouterr().err


def test_an_evaluation_loads_no_torch():
    code = (
        "import sys; from vertenet.training import annotations, evaluation_files, "
        "evaluation_plots, evaluation_table, own_images; sys.exit('torch' in sys.modules)"
    )
    home = str(Path(vertenet.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, env={**os.environ, "PYTHONPATH": home}
    )
    assert done.returncode == 0


def test_points_that_lie_on_one_another_have_no_height_and_break_nothing(tmp_path):
    flat, whole = image(), image()
    flat.bodies["L1"] = np.tile([[100.0, 40.0]], (6, 1))
    for predicted, truth in ((flat, flat), (flat, whole), (whole, flat)):
        found = write_evaluation(judged([predicted], [truth]), tmp_path / "out", plots=False)
        assert {item.count for item in found.heights} == {2}
    assert "NaN" not in (tmp_path / "out" / "summary.json").read_text()


def by_hand(path, levels=LEVELS, row=0.5, column=0.25):
    """Slicer's markups of `image()` without a word of ours, on pixels of that size in mm."""
    names = ("PS", "MS", "AS", "AI", "MI", "PI")
    points = [
        {"label": f"{level}_{name}", "position": [x * column, y * row, 0.0]}
        for level, body in image(levels=levels).bodies.items()
        for name, (x, y) in zip(names, body)
    ]
    node = {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": points}
    path.write_text(json.dumps({"markups": [node]}))
    return path


@pytest.mark.parametrize("hand_is_truth", [True, False])
def test_markups_placed_by_hand_ask_for_the_images_and_are_right_with_them(
    tmp_path, capsys, hand_is_truth
):
    from vertenet.cli import main
    from vertenet.geometry import PixelScale
    from vertenet.images import image_from_array, write_nrrd

    (tmp_path / "scans").mkdir()
    noise = np.random.default_rng(0).normal(size=(400, 200))
    scan = image_from_array(noise, scale=PixelScale(0.5, 0.25, in_mm=True))
    write_nrrd(scan, tmp_path / "scans" / "a.nrrd")
    lines = ["image,level,point,x,y"]
    lines += [
        f"a.nrrd,{level},{p},{x + 3},{y}"
        for level, body in image().bodies.items()
        for p, (x, y) in zip(("PS", "MS", "AS", "AI", "MI", "PI"), body)
    ]
    (tmp_path / "p.csv").write_text("\n".join(lines))
    sides = [str(tmp_path / "p.csv"), str(by_hand(tmp_path / "a.mrk.json"))]
    sides = sides if hand_is_truth else sides[::-1]
    command = ["evaluate", *sides, "--no-plots", "-o", str(tmp_path / "out")]
    assert main(command) == 1
    said = capsys.readouterr().err
    assert "'a' were placed by hand in Slicer" in said and "--images" in said
    assert not (tmp_path / "out" / "summary.json").exists()
    assert main([*command, "--images", str(tmp_path / "scans")]) == 0
    found = json.loads((tmp_path / "out" / "summary.json").read_text())["groups"][0]["figures"]
    assert found["median_native_px"] == pytest.approx(3.0)
    assert found["median_mm"] == pytest.approx(0.75)
    assert found["found"] == 1.0


def test_points_put_away_in_a_file_are_put_on_the_image_too(tmp_path, monkeypatch):
    from vertenet.training import shelf
    from vertenet.training.annotations import open_annotations
    from vertenet.training.evaluation import Comparison
    from vertenet.training.own_images import Frame

    for name in "abc":
        (tmp_path / name).mkdir()
        by_hand(tmp_path / name / "landmarks.mrk.json")
    monkeypatch.setattr(shelf, "NEAR", 1)
    truth = open_annotations(tmp_path)
    frames = {name: Frame((200, 400), (0.5, 0.25), (0.25, 0.5)) for name in "abc"}
    cases = list(Comparison({n: image(n) for n in "abc"}, truth, frames=frames).cases)
    assert [case.truth.image for case in cases] == list("abc")
    for case in cases:
        assert max(match.error.max() for match in case.result.matches) < 1e-9


def test_of_two_images_of_one_name_the_one_in_its_folder_is_taken(tmp_path):
    from vertenet.errors import ImageError
    from vertenet.training.own_images import ImageFiles

    for place in ("one/scan.png", "two/scan.png", "two/other.dcm", "two/other.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(b"")
    files = ImageFiles(tmp_path)
    assert files.find(Annotated("two/scan.png")) == tmp_path / "two/scan.png"
    assert files.find(Annotated("one\\scan.jpg")) == tmp_path / "one/scan.png"
    assert files.find(Annotated("other.dcm")) == tmp_path / "two/other.dcm"
    for name in ("scan.png", "three/scan.png", "other.tif"):
        with pytest.raises(ImageError, match=r"Expected one image for .*, got 2"):
            files.find(Annotated(name))
    with pytest.raises(ImageError, match="not there"):
        files.find(Annotated("none.png"))
