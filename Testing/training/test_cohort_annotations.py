"""The output of ``vertenet batch`` as one of two result sets."""

import csv
import shutil

import pytest

from vertenet.batch.merge import TABLES
from vertenet.cli import main
from vertenet.errors import LandmarkError
from vertenet.training.annotations import read_annotations

PLACES = {"PS": (0, 0), "MS": (20, 0), "AS": (40, 0), "AI": (40, 30), "MI": (20, 30), "PI": (0, 30)}


def write(folder, grades, *, walls=None, empty=(), crop="ok", root="scans"):
    """A cohort of one image per list of grades, L1 downwards."""
    folder.mkdir()
    (folder / "cohort.json").write_text("{}")
    images, vertebrae = [], []
    for k, found in enumerate(grades):
        name = f"{root}/{k}.dcm"
        images.append({"image": name, "vertebrae": len(found), "aac_crop": crop,
                       "width": 200, "height": 400})  # fmt: skip
        for i, grade in enumerate(found):
            points = {f"{n}_{a}": v for n, xy in PLACES.items()
                      for a, v in zip("xy", (50 + xy[0], 20 + 40 * i + xy[1]))}  # fmt: skip
            scored = {f"aac_{wall}": score for wall, score in (walls or {}).items()}
            vertebrae.append({"image": name, "level": f"L{i + 1}", "final_grade": grade,
                              "evaluable": "yes", **points, **scored})  # fmt: skip
    images += [{"image": f"{root}/{n}", "vertebrae": 0, "aac_crop": "unknown"} for n in empty]
    for table, rows in (("images", images), ("vertebrae", vertebrae), ("failures", [])):
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, TABLES[table])
            writer.writeheader()
            writer.writerows(rows)
    return folder


def test_a_cohort_is_read_with_grades_scores_and_images_without_a_spine(tmp_path):
    folder = write(tmp_path / "a", [(0, 2, "")], walls={"L1_anterior": 2}, empty=("none.dcm",))
    found = read_annotations(folder)
    assert found["scans/0.dcm"].grade == {"L1": 0, "L2": 2}
    assert found["scans/0.dcm"].walls == {"L1_anterior": 2}
    assert found["scans/0.dcm"].crop == "ok"
    assert found["scans/none.dcm"].bodies == {}


def test_two_cohorts_are_compared_by_the_command(tmp_path, capsys):
    a = write(tmp_path / "a", [(0, 1, 2), (0, 0, 0)], root="new")
    b = write(tmp_path / "b", [(0, 1, 1), (0, 0, 0)], root="old", empty=("none.dcm",))
    assert main(["evaluate", str(a), str(b), "--no-plots", "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "grade 1 or more" in said and "limits of agreement" in said
    with (tmp_path / "out/agreement.csv").open(newline="") as stream:
        rows = {(r["what"], r["unit"]): r for r in csv.DictReader(stream)}
    assert float(rows["Ha", "%"]["bias"]) == pytest.approx(0.0)
    assert rows["grade", "vertebra"]["count"] == "6"
    assert float(rows["grade 1 or more", "vertebra"]["kappa"]) == pytest.approx(1.0)
    with (tmp_path / "out/grades.csv").open(newline="") as stream:
        grades = list(csv.DictReader(stream))
    assert [g for g in grades if g["predicted_grade"] != g["grade"]] == [
        {"image": "old/0.dcm", "level": "L3", "predicted_level": "L3",
         "predicted_grade": "2", "grade": "1"}
    ]  # fmt: skip


def test_a_cohort_that_is_still_being_read_is_refused(tmp_path):
    folder = write(tmp_path / "a", [(0,)])
    (folder / "images.csv").unlink()
    with pytest.raises(LandmarkError, match=r"images\.csv are not there.*batch"):
        read_annotations(folder)


def test_images_of_another_kind_are_refused(tmp_path):
    folder = write(tmp_path / "a", [(0,)])
    (folder / "images.csv").write_text("a,b\n1,2\n")
    with pytest.raises(LandmarkError, match="Expected the columns of 'vertenet batch'"):
        read_annotations(folder)


def measured(tmp_path):
    """A folder as 'detect' leaves it for each image, with a computed and a reader's grade."""
    table = tmp_path / "points.csv"
    rows = ["image,level,point,x,y,aac_L1_anterior"]
    for i, level in enumerate(("L1", "L2", "L3")):
        rows += [f"a.png,{level},{n},{50 + x},{20 + 40 * i + y},2" for n, (x, y) in PLACES.items()]
    table.write_text("\n".join(rows))
    assert main(["measure", str(table), "-o", str(tmp_path / "out/a")]) == 0
    table.unlink()
    return tmp_path / "out"


def test_computed_grades_are_taken_from_the_report_as_long_as_the_points_are_its(tmp_path):
    folder = measured(tmp_path)
    found = read_annotations(folder)["a.png"]
    assert found.grade == {"L1": 0, "L2": 0, "L3": 0}
    assert found.walls == {"L1_anterior": 2}
    assert found.crop == "unknown"
    markups = folder / "a/landmarks.mrk.json"
    report = folder / "a/report.json"
    report.write_text(report.read_text().replace('"x": 50.0', '"x": 51.0'))
    assert read_annotations(folder)["a.png"].grade == {}
    shutil.copy(markups, tmp_path / "alone.mrk.json")
    assert read_annotations(tmp_path / "alone.mrk.json")["a.png"].grade == {}
