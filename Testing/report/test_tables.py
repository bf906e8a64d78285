"""vertebrae.csv and aac.csv."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from vertenet.analysis import Analysis
from vertenet.anatomy import CORNERS, Spine, Vertebra
from vertenet.pipeline import measure
from vertenet.report import aac_csv, vertebrae_csv

FIRST = "image,level,Ha,Hm,Hp,unit,Ha_Hp,Hm_Hp,Hm_Ha,genant_grade,genant_type"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_first_columns_are_the_promised_ones(an_analysis: Analysis) -> None:
    assert vertebrae_csv([an_analysis]).startswith(FIRST + ",p_ge1,p_ge2,")


def test_numbers_keep_full_precision(an_analysis: Analysis) -> None:
    read = rows(vertebrae_csv([an_analysis]))
    for row, measured in zip(read, an_analysis.vertebrae, strict=True):
        assert float(row["Ha"]) == measured.heights.Ha
        assert float(row["Hm_Hp"]) == measured.ratios.Hm_Hp
        grade = measured.genant.grade
        assert row["genant_grade"] == ("" if grade is None else str(grade))
        assert row["unit"] == "mm"


def test_a_withheld_number_is_an_empty_cell_with_its_reason(an_analysis: Analysis) -> None:
    corners = tuple(Vertebra(v.level, {n: v.points[n] for n in CORNERS}) for v in an_analysis.spine)
    row = rows(vertebrae_csv([measure(Spine(corners), an_analysis.frame)]))[0]
    assert row["Hm"] == row["Hm_Hp"] == row["MS_x"] == ""
    assert "Hm" in row["withheld"]


def test_a_readers_grade_has_its_own_column(an_analysis: Analysis) -> None:
    row = rows(vertebrae_csv([an_analysis]))[4]
    assert (row["genant_grade"], row["reader_grade"], row["final_grade"]) == ("0", "1", "1")
    assert row["reader_reason"] == "old deformity; 20 % = stable | see 2019"


def test_many_images_share_one_heading(an_analysis: Analysis) -> None:
    other = replace(an_analysis, frame=replace(an_analysis.frame, file='b, "c".dcm'))
    read = rows(vertebrae_csv([an_analysis, other]))
    assert [r["image"] for r in read[:1] + read[-1:]] == ["scän 1.dcm", 'b, "c".dcm']


def test_no_vertebrae_leave_the_heading_alone(an_empty_analysis: Analysis) -> None:
    assert vertebrae_csv([an_empty_analysis]).count("\n") == 1


def test_the_aac_table_has_guides_thirds_regions_and_crop(an_analysis: Analysis) -> None:
    read = rows(aac_csv([an_analysis]))
    kinds = [row["kind"] for row in read]
    assert [kinds.count(k) for k in ("guide", "third", "region", "crop")] == [5, 8, 8, 5]
    guide = read[0]
    assert guide["name"] == "T12/L1"
    assert float(guide["posterior_x"]) == an_analysis.aac.guides[0].posterior[0]
    assert read[-1]["status"] == an_analysis.aac.crop.status
    region = next(row for row in read if row["kind"] == "region")
    pairs = [tuple(map(float, pair.split())) for pair in region["polygon"].split(";")]
    assert pairs == list(an_analysis.aac.segments[0].anterior)
