"""Grades by a chosen rule or by all, the user's own norms, and two examinations."""

from __future__ import annotations

import csv
import json

import pytest

from vertenet import cli
from vertenet.anatomy import LEVELS
from vertenet.measure import RULES

PLACES = {"PS": (0, 0), "MS": (0.5, 0), "AS": (1, 0), "AI": (1, 1), "MI": (0.5, 1), "PI": (0, 1)}


def points(path, image="scan", **anterior):
    """Bodies of 60 x 50 px; ``anterior`` has the share of AS to AI that is left, by level."""
    rows = []
    for i, level in enumerate(LEVELS):
        for name, (x, y) in PLACES.items():
            height = 50 * (anterior.get(level.value, 1.0) if name in ("AS", "AI") else 1.0)
            rows.append([image, level.value, name, 90 + 60 * x, 20 + 70 * i + height * y])
    head = ["image", "level", "point", "x", "y"]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def rows_of(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("rule", RULES)
def test_vertebrae_are_graded_by_the_chosen_rule(tmp_path, rule):
    file = points(tmp_path / "p.csv", L1=0.5)
    assert cli.main(["measure", str(file), "-o", str(tmp_path / "out"), "--rule", rule]) == 0
    report = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))
    assert {v["genant"]["rule"] for v in report["vertebrae"]} == {rule}
    assert {v["level"]: v["genant"]["grade"] for v in report["vertebrae"]}["L1"] >= 2


def test_the_rules_of_the_command_are_those_that_measure():
    assert cli.RULES == RULES


def test_all_rules_stand_side_by_side(tmp_path):
    file = points(tmp_path / "p.csv", L1=0.5)
    assert cli.main(["measure", str(file), "-o", str(tmp_path / "out"), "--rules"]) == 0
    rows = rows_of(tmp_path / "out/rules.csv")
    assert [r["level"] for r in rows] == [lv.value for lv in LEVELS]
    l1, l5 = rows[9], rows[13]
    for rule in RULES:
        assert int(l1[f"{rule} grade"]) >= 2
        assert l5[f"{rule} grade"] == ""
        assert l5[f"{rule} reason"].startswith("not graded")


def test_a_norm_table_of_the_user_is_used(tmp_path, capsys):
    file = points(tmp_path / "p.csv")
    table = tmp_path / "mine.csv"
    rows = "".join(f"{lv},U,Ha_Hp,0.9,0.1,50,Mine\n" for lv in LEVELS)
    table.write_text("level,sex,measure,mean,sd,n,source\n" + rows, encoding="utf-8")
    out = tmp_path / "out"
    assert cli.main(["measure", str(file), "-o", str(out), "--norms", str(table)]) == 0
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["vertebrae"][0]["norm"] == "Mine"
    assert report["vertebrae"][0]["z_scores"]["Ha_Hp"] == pytest.approx(1.0)
    assert cli.main(["measure", str(file), "-o", str(out), "--norms", "nowhere.csv"]) == 1
    assert "Expected a table of norms" in capsys.readouterr().err


@pytest.mark.parametrize(("share", "incident"), [(0.81, "no"), (0.8, "yes"), (0.79, "yes")])
def test_a_height_that_lost_a_fifth_is_an_incident_fracture(tmp_path, capsys, share, incident):
    before, after = points(tmp_path / "a.csv"), points(tmp_path / "b.csv", T12=share)
    target = tmp_path / "followup.csv"
    arguments = ["followup", str(before), str(after), "-o", str(target), "--spacing", "0.5,0.5"]
    assert cli.main(arguments) == 0
    row = {r["level"]: r for r in rows_of(target)}["T12"]
    assert row["incident"] == incident
    assert float(row["Ha_change_percent"]) == pytest.approx(100 * (share - 1))
    named = "T12" if incident == "yes" else "none"
    assert f"Incident fractures: {named}; 14 levels compared" in capsys.readouterr().out


def test_without_millimetres_the_grade_decides(tmp_path, capsys):
    before, after = points(tmp_path / "a.csv"), points(tmp_path / "b.csv", T12=0.6)
    assert cli.main(["followup", str(before), str(after)]) == 0
    said = capsys.readouterr().out
    assert "Incident fractures: T12" in said
    assert "L5   cannot be told" in said


def test_levels_of_one_examination_only_are_named(tmp_path):
    before, after = points(tmp_path / "a.csv"), points(tmp_path / "b.csv")
    text = after.read_text(encoding="utf-8")
    after.write_text("\n".join(x for x in text.split("\n") if ",T4," not in x), encoding="utf-8")
    target = tmp_path / "followup.csv"
    assert cli.main(["followup", str(before), str(after), "-o", str(target)]) == 0
    assert rows_of(target)[-1]["reason"] == "only in the earlier examination"


def test_a_file_of_several_images_is_refused(tmp_path, capsys):
    file = points(tmp_path / "a.csv")
    other = points(tmp_path / "b.csv", image="other").read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8") + other.partition("\n")[2], encoding="utf-8")
    assert cli.main(["followup", str(file), str(file)]) == 1
    assert "holds 2" in capsys.readouterr().err


def test_sex_and_age_can_be_given_and_travel_on(tmp_path):
    file = points(tmp_path / "p.csv")
    means = {}
    for sex in ("F", "M"):
        out = tmp_path / sex
        assert cli.main(["measure", str(file), "-o", str(out), "--sex", sex, "--age", "71"]) == 0
        again = tmp_path / f"{sex} again"
        assert cli.main(["measure", str(out / "report.json"), "-o", str(again)]) == 0
        report = json.loads((again / "report.json").read_text(encoding="utf-8"))
        said = {"sex_source": "given", "age_source": "given"}
        assert report["subject"] == {"sex": sex, "age_years": 71, **said}
        means[sex] = report["vertebrae"][9]["z_scores"]["Ha_Hp"]
    assert means["F"] != means["M"]  # each against the norm of its own sex


@pytest.mark.parametrize("given", [["--sex", "X"], ["--age", "-1"], ["--age", "131"]])
def test_a_sex_or_age_that_is_none_is_refused(tmp_path, given):
    file = points(tmp_path / "p.csv")
    assert cli.main(["measure", str(file), "-o", str(tmp_path / "out"), *given]) == 2
    assert not (tmp_path / "out").exists()
