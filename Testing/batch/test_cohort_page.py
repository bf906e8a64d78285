"""From images to the cohort's page, by the command itself and a tiny network."""

from __future__ import annotations

import csv
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from vertenet.analysis import Analysis
from vertenet.batch.attention import attention
from vertenet.batch.merge import TABLES, kind_of
from vertenet.batch.reading import IMAGES, Reading
from vertenet.batch.statistics import cohort_statistics, share
from vertenet.batch.summary import write_summary
from vertenet.cli import main
from vertenet.errors import ConfigurationError


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    from vertenet.network.bundle import write_model
    from vertenet.network.compact import CompactConfig, CompactVerteNet

    torch.manual_seed(0)
    config = CompactConfig((4, 4, 8, 8, 8), (1, 1, 1, 1), (8, 8, 8), 8, False, ())
    folder = tmp_path_factory.mktemp("models") / "tiny"
    write_model(
        folder, state_dict=CompactVerteNet(config).state_dict(), name="tiny", version="0",
        architecture="compact", config=config.to_dict(), card="A network that knows nothing.\n",
    )  # fmt: skip
    return folder


def scans(folder: Path, count: int = 3) -> Path:
    folder.mkdir()
    for i in range(count):
        pixels = np.random.default_rng(i).integers(0, 255, (256, 128), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"scan {i} & <b>.png")
    (folder / "broken.png").write_text("no image")
    (folder / "notes.txt").write_text("no image")
    return folder


def test_the_command_reads_a_cohort_and_goes_on_with_it(
    tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = scans(tmp_path / "in")
    arguments = ["batch", str(folder), "--model", str(tiny_model), "--workers", "1"]
    assert main([*arguments, "--overlays", "all", "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert "3 images" in said.out and "1 files passed over, 1 failed" in said.out
    assert "5 of 5 files (100 %)" in said.err
    assert main([*arguments, "-o", str(tmp_path / "out")]) == 1
    assert "overlays 'all', now 'none'" in capsys.readouterr().err
    with (tmp_path / "out/images.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == IMAGES
    assert [row["image"] for row in rows] == [str(folder / f"scan {i} & <b>.png") for i in range(3)]
    assert all((tmp_path / "out" / row["overlay"]).is_file() for row in rows)
    assert all(row["model"] == "tiny" for row in rows)
    assert main(["summary", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out/summary.html").read_text(encoding="utf-8")
    links = [unquote(unescape(link)) for link in re.findall(r'href="([^"]*)"', page)]
    assert links and all((tmp_path / "out" / link).is_file() for link in links)
    assert "&amp; &lt;b&gt;" in page and "<b>.png" not in page
    assert "http" not in page.replace("http-equiv", "")


def real_row(**also: object) -> dict[str, object]:
    return {"image": "a.png", "vertebrae": 14, "worst_grade": 0, "aac_crop": "ok",
            "attention": 0.0, "level_confidence_min": 0.95, **also}  # fmt: skip


def write_tables(folder: Path, **tables: list[dict[str, object]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, columns in TABLES.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            writer.writerows(tables.get(name, []))
    return folder


def test_the_statistics_count_what_the_tables_hold(tmp_path: Path) -> None:
    images = [
        real_row(),
        real_row(worst_grade=2, attention=2.0, attention_reasons="L1 grade 2", image="b.png"),
        real_row(aac_crop="cropped", findings="label gap", attention=5, image="c.png",
                 attention_reasons="unsure; gap", implausible="T4 L5", level_confidence_min=1.0),
        real_row(vertebrae=0, worst_grade=None, aac_crop="unknown", attention=10,
                 attention_reasons="none", image="d.png", level_confidence_min=None),
    ]  # fmt: skip
    grades = [0, 0, 2, None, 3]
    vertebrae = [{"level": "L1", "final_grade": g, "level_confidence": 0.5} for g in grades]
    failures = [{"image": f"x/{n}.png", "status": "failed", "reason": f"{n}.png: bad."}
                for n in "ab"]  # fmt: skip
    folder = write_tables(tmp_path / "c", images=images, vertebrae=vertebrae, failures=failures)
    found = cohort_statistics(folder)
    assert (found.images, found.no_spine, found.flagged, found.vertebrae) == (4, 1, 3, 5)
    assert found.worst == {"0": 2, "2": 1}
    assert found.crop == {"ok": 2, "cropped": 1}
    assert found.label_bins[-1] == 3
    assert found.levels["L1"].grades == {"0": 2, "2": 1, "": 1, "3": 1}
    assert found.levels["T4"].implausible == 1
    assert found.failures == {("failed", "bad."): 2}
    assert [row["image"] for row in found.worst_images] == ["d.png", "c.png", "b.png"]
    page = write_summary(folder).read_text(encoding="utf-8")
    assert "33.3 % (6.1 to 79.2)" in page  # one of three graded images
    assert "50.0 % (15.0 to 85.0)" in page  # two of four graded L1


def aorta(**also: object) -> dict[str, object]:
    return real_row(attention=None, **also)


def test_totals_of_the_aorta_are_shown_as_whole_ones_bounds_and_not_scored(tmp_path: Path) -> None:
    images = [
        *(aorta(aac24=t, aac24_at_least=t) for t in (0, 1, 2, 5, 6, 24)),
        aorta(aac24=7, aac24_at_least=7, aac_crop="cropped"),
        aorta(aac24_at_least=3),
        aorta(),
    ]
    found = cohort_statistics(write_tables(tmp_path / "c", images=images))
    assert found.aac == {"0-1": 2, "2-5": 2, "6-24": 2, "lower bound": 2, "": 1}
    page = write_summary(tmp_path / "c").read_text(encoding="utf-8")
    assert "1 images are not scored" in page
    assert "Median of the 6 whole totals 2, quartiles 1 and 6." in page


def test_without_scores_the_page_says_that_nobody_scored(tmp_path: Path) -> None:
    page = write_summary(write_tables(tmp_path / "c", images=[aorta()])).read_text(encoding="utf-8")
    assert "no image has a reader’s scores" in page
    assert "corrected by nobody" in page


def test_the_page_names_the_models_and_counts_readers_decisions(tmp_path: Path) -> None:
    model = {"model": "tiny", "model_version": "2", "model_sha256": "0123456789ab", "sex": "F"}
    vertebrae = [{"level": "L1", "final_grade": 1, "reader_grade": g} for g in (1, None)]
    folder = write_tables(tmp_path / "c", images=[real_row(**model)], vertebrae=vertebrae)
    page = write_summary(folder).read_text(encoding="utf-8")
    assert "Model: tiny 2 01234567 (1)" in page and "women 1" in page
    assert "A reader decided on 1 of 2 vertebrae." in page


def test_every_remark_on_quality_has_words(tmp_path: Path) -> None:
    import vertenet.measure.quality as quality
    from vertenet.batch.summary import _REMARKS

    codes = set(re.findall(r"``(\w+)``", (quality.Finding.__doc__ or "").split("text:")[0]))
    assert codes >= {"outside", "label", "uncertain"} and codes <= set(_REMARKS)


SIX = {"PS": (0, 0), "MS": (20, 0), "AS": (40, 0), "AI": (40, 30), "MI": (20, 30), "PI": (0, 30)}


def points_of(names: list[str], folder: Path) -> Path:
    lines = [
        f"{name},L{i + 1},{point},{40 + x},{20 + 40 * i + y}"
        for name in names
        for i in range(5)
        for point, (x, y) in SIX.items()
    ]
    (folder / "points.csv").write_text("\n".join(["image,level,point,x,y", *lines]))
    return folder / "points.csv"


def test_measured_images_have_a_page_too(tmp_path: Path) -> None:
    points = points_of(["a.png", "b.png"], tmp_path)
    assert main(["measure", str(points), "-o", str(tmp_path / "out")]) == 0
    assert main(["summary", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out/summary.html").read_text(encoding="utf-8")
    assert "<dt>Images read</dt><dd>2</dd>" in page and "<dt>Vertebrae</dt><dd>10</dd>" in page


def analysed(tmp_path: Path, flat: str = "") -> Analysis:
    from vertenet.batch.landmarks import measure_set
    from vertenet.report import read_landmarks

    points = points_of(["a.png"], tmp_path)
    if flat:  # its upper endplate sinks by half
        points.write_text(
            "\n".join(
                line.rpartition(",")[0] + f",{float(line.rpartition(',')[2]) + 15}"
                if f",{flat},MS" in line
                else line
                for line in points.read_text().splitlines()
            )
        )
    return measure_set(read_landmarks(points)[0])


def test_l5_which_no_rule_grades_is_no_reason_for_a_look(tmp_path: Path) -> None:
    found = analysed(tmp_path)
    assert found.vertebrae[-1].final_grade is None
    assert not [reason for reason in attention(found)[1] if "not graded" in reason]


def test_a_fracture_is_a_reason_for_a_look(tmp_path: Path) -> None:
    weight, reasons = attention(analysed(tmp_path, flat="L2"))
    assert weight >= 3 and "L2 grade 3" in reasons


def test_pictures_of_the_listed_images_are_drawn_of_the_tables(tmp_path: Path) -> None:
    names = [str(tmp_path / "a.png"), str(tmp_path / "gone.png"), str(tmp_path / "none.png")]
    for name in (names[0], names[2]):
        pixels = np.random.default_rng(0).integers(0, 255, (260, 160), dtype=np.uint8)
        Image.fromarray(pixels).save(name)
    points = points_of(names[:2], tmp_path)
    assert main(["measure", str(points), "-o", str(tmp_path / "m")]) == 0
    with (tmp_path / "m/vertebrae.csv").open(encoding="utf-8", newline="") as stream:
        vertebrae = list(csv.DictReader(stream))
    images = [real_row(image=n, attention=3, attention_reasons="why") for n in names]
    folder = write_tables(tmp_path / "c", images=images)
    with (folder / "vertebrae.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, TABLES["vertebrae"], extrasaction="raise")
        writer.writeheader()
        writer.writerows(vertebrae)
    page = write_summary(folder).read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]*)">([^<]*)<', page)
    assert [name for _, name in links] == [names[0], names[2]]
    for link, _ in links:
        with Image.open(folder / link) as picture:
            assert picture.size[1] >= 260
        assert re.fullmatch(r"overlays/[0-9a-f]{2}/[0-9a-f]{20}\.png", link)  # tells no name


def test_an_empty_cohort_has_a_page(tmp_path: Path) -> None:
    assert "None." in write_summary(write_tables(tmp_path / "c")).read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [None, "a,b\n1,2\n", "image,vertebrae\na,b\n"])
def test_a_folder_without_a_cohort_is_refused(tmp_path: Path, content: str | None) -> None:
    folder = write_tables(tmp_path / "c")
    if content is None:
        (folder / "images.csv").unlink()
    else:
        (folder / "images.csv").write_text(content)
    with pytest.raises(ConfigurationError, match="Run 'vertenet batch'"):
        cohort_statistics(folder)


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998, table I: 15 of 148
    value, low, high = share(15, 148) or (0, 0, 0)
    assert (round(value, 4), round(low, 4), round(high, 4)) == (0.1014, 0.0624, 0.1605)
    assert share(0, 0) is None


def test_each_column_of_a_real_result_fits_its_type(tmp_path: Path) -> None:
    from vertenet.analysis import ModelIdentity
    from vertenet.anatomy import LEVELS, Landmark, PointName, Spine, Vertebra
    from vertenet.batch.reading import _quality_cells
    from vertenet.images import image_from_array
    from vertenet.pipeline import frame_of, measure
    from vertenet.report import vertebra_rows
    from vertenet.report.images_table import image_row

    places = {"PS": (0, 0), "MS": (0.5, 0), "AS": (1, 0), "AI": (1, 1), "MI": (0.5, 1),
              "PI": (0, 1)}  # fmt: skip
    spine = Spine(tuple(
        Vertebra(level, {PointName(n): Landmark(100 + 40 * x, 20 + 40 * i + 30 * y, 0.5)
                         for n, (x, y) in places.items()}, 0.9, 0.4)
        for i, level in enumerate(LEVELS)
    ))  # fmt: skip
    pixels = np.random.default_rng(0).normal(size=(640, 256))
    image = image_from_array(pixels, spacing_mm=(0.8, 0.8))
    found = measure(spine, frame_of(image), image=image, model=ModelIdentity("n", "1", "a"),
                    sex="F", age_years=70.5)  # fmt: skip
    score, reasons = attention(found)
    row = [*image_row(found), *_quality_cells(found), score, "; ".join(reasons), "x.png"]
    types = {"text": str, "whole": int, "real": (int, float)}
    for table, rows in (("images", [row]), ("vertebrae", vertebra_rows(found))):
        for cells in rows:
            for column, cell in zip(TABLES[table], cells, strict=True):
                assert cell is None or isinstance(cell, types[kind_of(table, column)]), column  # type: ignore[arg-type]
    assert reasons and score > 0


def test_the_work_on_a_file_can_be_sent_to_another_machine() -> None:
    import pickle

    work = Reading(output="/out", overlays="flagged")
    assert pickle.loads(pickle.dumps(work)) == work


@pytest.mark.parametrize(
    "damage",
    [{"attention": "much"}, {"attention": "nan"}, {"attention": "inf"}, {"aac24": "1e308"},
     {"aac24": "-1"}, {"level_confidence_min": "inf"}, {"level_confidence_min": "-3"},
     {"level_confidence_min": "1.01"}],
    ids=str,
)  # fmt: skip
def test_a_cell_that_cannot_be_is_told(tmp_path: Path, damage: dict[str, str]) -> None:
    folder = write_tables(tmp_path / "c", images=[real_row(**damage)])
    with pytest.raises(ConfigurationError, match=r"images\.csv' is of another kind or damaged"):
        cohort_statistics(folder)


@pytest.mark.parametrize("table", ["images", "vertebrae", "failures"])
@pytest.mark.parametrize("row", ["a", ",".join("x" * 200)])
def test_a_row_that_is_cut_or_too_long_is_told(tmp_path: Path, table: str, row: str) -> None:
    folder = write_tables(tmp_path / "c", images=[real_row()])
    with (folder / f"{table}.csv").open("a", encoding="utf-8") as stream:
        stream.write(row + "\n")
    with pytest.raises(ConfigurationError, match="not as many cells as columns"):
        cohort_statistics(folder)


@pytest.mark.parametrize("column", ["sex", "spacing_source"])
def test_a_table_of_a_version_with_other_columns_is_told(tmp_path: Path, column: str) -> None:
    folder = write_tables(tmp_path / "c", images=[real_row()])
    path = folder / "images.csv"
    head, rows = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text(head.replace(f",{column},", ",older,") + "\n" + rows, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"another kind or version.*no column '{column}'"):
        cohort_statistics(folder)
