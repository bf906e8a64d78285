"""JSON of strangers: whole characters pass as they are, halves of them do not."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vertenet.errors import ConfigurationError
from vertenet.texts import as_cell, csv_lines, from_cell, parsed_json
from vertenet.training.annotations import open_annotations
from vertenet.training.config import TrainingConfig
from vertenet.training.writing import write_text


@pytest.mark.parametrize(
    "text",
    ['{"ü": ["𝔸", 1.5, null]}', r'"\ud835\udd38"', r'"\\ud835"', r'"\u00e4 \uD7FF \ue000"', "[]"],
)
def test_json_that_can_be_written_again_is_read_as_it_is(text):
    assert parsed_json(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "half"),
    [
        (r'"\ud800"', "U+D800"),
        (r'{"a": ["b", {"\uDFFF": 1}]}', "U+DFFF"),
        (r'"\ud835 \udd38"', "U+D835"),
        ('"\udc80"', "U+DC80"),
    ],
)
def test_half_a_character_is_refused_and_named(text, half):
    with pytest.raises(ValueError, match=f"holds U\\{half[1:]}, half of a character"):
        parsed_json(text)


def test_nan_is_the_callers_to_refuse():
    def refuse(name: str) -> None:
        raise ValueError(f"no {name}")

    assert parsed_json("[NaN]")[0] != 0
    with pytest.raises(ValueError, match="no NaN"):
        parsed_json("[NaN]", parse_constant=refuse)


@pytest.mark.parametrize("text", [r'{"name": "\ud800"}', "[" * 100_000])
def test_a_training_configuration_with_half_a_character_or_no_end_is_refused(tmp_path, text):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(ConfigurationError, match="training configuration in JSON"):
        TrainingConfig.read(tmp_path / "c.json")


def test_points_of_a_file_whose_name_is_no_text_are_compared_and_written(tmp_path: Path):
    from vertenet.training.evaluation import Comparison
    from vertenet.training.evaluation_files import write_evaluation

    name = os.fsdecode(b"odd\xff.mrk.json")
    control = [
        {"label": f"L1_{point}", "position": [x, y, 0.0]}
        for point, x, y in (("PS", 0, 0), ("AS", 30, 0), ("PI", 0, 25), ("AI", 30, 25))
    ]
    node = {"coordinateSystem": "LPS", "controlPoints": control}
    text = json.dumps({"markups": [node], "vertenet": "pixel=1.0,1.0,px"})
    for folder in ("predicted", "truth"):
        (tmp_path / folder).mkdir()
        try:
            (tmp_path / folder / name).write_text(text)
        except OSError:
            pytest.skip("this file system takes text only")
    found = [open_annotations(tmp_path / folder) for folder in ("predicted", "truth")]
    write_evaluation(Comparison(*found), tmp_path / "out", plots=False)
    rows = (tmp_path / "out" / "points.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 5
    assert all(row.startswith("odd?") for row in rows[1:])
    write_text(tmp_path / "x.txt", name)
    assert (tmp_path / "x.txt").read_text(encoding="utf-8") == "odd?.mrk.json"


FORMULAS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1+1",
    "-",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe_and_loses_it(text):
    assert as_cell(text) == f"'{text}"
    assert from_cell(as_cell(text)) == text
    assert from_cell(as_cell(f"'{text}")) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["", "-0.5", "+3", "-1e-05", "-1.5 2.25;-3.0 4.0", "T12-L1", "a=b", "'quoted'", "5 - 3", "n/a"],
)
def test_numbers_and_other_texts_stay_as_they_are(text):
    assert as_cell(text) == text
    assert from_cell(text) == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_and_never_begins_as_a_formula(text):
    assert from_cell(as_cell(text)) == text
    if as_cell(text)[:1] in tuple("=+-@\t\r"):
        assert all(part.strip() and float(part) < 1e400 for part in text.replace(";", " ").split())


@given(st.lists(st.one_of(st.text("=-+@'\",;\n\r\tab1."), st.floats(allow_nan=False), st.none())))
def test_a_row_of_any_texts_comes_back_from_a_csv_reader(row):
    text = "".join(csv_lines([["heading"], ["x", *row]]))
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["heading"]
    back = [from_cell(cell) for cell in rows[1][1:]]
    assert back == ["" if cell is None else cell if isinstance(cell, str) else repr(cell)
                    for cell in row]  # fmt: skip
    assert len(rows) == 2
