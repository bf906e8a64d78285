"""By mouse and keys in a real Chromium: plaque, AAC-8, placed points, an earlier examination."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import pytest
from test_reading import (
    choose,
    detected,
    exported,
    give,
    on_screen,
    report,
    vertebra,
)

from vertenet.measure import AAC_WALLS

GRID = "window.trame.state.get('grid')"
MESSAGE = "window.trame.state.get('message')"


def whole(page) -> None:
    """Show the whole image again, where :func:`on_screen` knows the places."""
    page.key("f")
    time.sleep(0.5)


def clicked(page, content: dict, x: float, y: float) -> None:
    """Click a pixel of the image, as a hand does: the pointer is there before it presses."""
    place = on_screen(page, content, x, y)
    page.mouse("mouseMoved", place)
    time.sleep(0.2)
    page.mouse("mousePressed", place)
    page.mouse("mouseReleased", place)


def half_of(content: dict, level: str, wall: str) -> tuple[tuple[float, float], ...]:
    """The ends of a plaque over the upper half of a wall, in the middle of its region."""
    segment = next(s for s in content["aac"]["segments"] if s["level"] == level)
    rows, back = segment[wall][:4], segment[wall][7:3:-1]
    line = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(rows, back, strict=True)]
    middle = ((line[1][0] + line[2][0]) / 2, (line[1][1] + line[2][1]) / 2)
    return line[0], middle


def test_plaque_is_marked_by_mouse_and_aac_8_is_chosen(start, browse, scans):
    page = browse().page()
    page.open(start(scans / "synthetic_bright.dcm").address)
    detected(page)
    content = report(page)
    level, wall = AAC_WALLS[0]
    page.click("#tab-aorta")
    page.wait("document.querySelector('#read-walls')")
    page.click("#read-walls")
    page.wait(f"{GRID}.active")
    page.click("#mark")
    page.wait("window.trame.state.get('marking')")
    assert f"start of a plaque on the {wall} wall" in page.text(".prompt")
    whole(page)
    for end, words in zip(half_of(content, level.value, wall), ("end of", "start of"), strict=True):
        clicked(page, content, *end)
        page.wait(f"window.trame.state.get('prompt').startsWith('{words}')")
    # Half of a wall is 2, from the marks; the other seven are not 0 but not scored.
    page.wait(f"{GRID}.cells.flat().filter(c => c).length === 1")
    assert page.state("grid")["cells"][0][0].startswith("2 ▬")
    assert "7 of 8 walls not scored" in page.text(".total")
    page.key("Escape")
    page.wait("!window.trame.state.get('prompt')")
    assert not page.state("marking")
    # What is entered stands over the marks, and is taken back by U.
    page.key("3")
    page.wait(f"{GRID}.cells[0][0] === '3'")
    page.click("#aac tbody tr:nth-child(1) td:nth-child(2) button")
    page.wait(f"JSON.stringify({GRID}.active) === '[0,0]'")
    page.key("u")
    page.wait(f"{GRID}.cells[0][0].startsWith('2 ')")
    assert report(page)["aac"]["scores"]["walls"][level.value][wall] == 2
    page.click("#clear-marks")
    page.wait(f"{GRID}.cells[0][0] === ''")

    page.click("#rest-zero")
    page.wait(f"{MESSAGE}.includes('8 walls scored 0')")
    page.wait(f"{GRID}.cells.flat().every(c => c === '0')")
    # One of the two lengths alone is no score; it waits for the other.
    choose(page, "#eight-anterior", "2")
    page.wait(f"{GRID}.eight[0] === 2")
    assert "AAC-8" not in page.text(".total")
    choose(page, "#eight-posterior", "1")
    page.wait("document.querySelector('.total').innerText.includes('AAC-8 (Schousboe): 3')")
    choose(page, "#eight-anterior", "")
    page.wait("!document.querySelector('.total').innerText.includes('AAC-8')")
    assert page.errors() == []


def test_a_missing_vertebra_is_placed_by_six_clicks_that_are_asked_for(start, browse, scans):
    page = browse().page()
    page.open(start(scans / "synthetic_bright.dcm").address)
    detected(page)
    content = report(page)
    page.click("tr[data-level=L2] button")
    page.wait("window.trame.state.get('detail')?.level === 'L2'")
    page.click("#delete")
    page.wait("!document.querySelector('tr[data-level=L2]')")
    choose(page, "#add", "L2")
    page.wait("window.trame.state.get('prompt') === 'L2 posterior superior'")
    whole(page)
    points = vertebra(content, "L2")["points"]
    asked = []
    for name in ("PS", "MS", "AS", "AI", "MI", "PI"):
        asked.append(page.state("prompt"))
        clicked(page, content, points[name]["x"], points[name]["y"])
        page.wait(f"window.trame.state.get('prompt') !== '{asked[-1]}'")
    assert len(set(asked)) == 6
    page.wait("document.querySelector('tr[data-level=L2]')")
    assert not page.state("prompt")
    placed = vertebra(report(page), "L2")
    for name, old in points.items():
        new = placed["points"][name]
        # The whole image is 1,200 rows on some 600 of the screen: a click is within 2 pixels.
        assert (new["x"], new["y"]) == pytest.approx((old["x"], old["y"]), abs=2.5)
        assert new["status"] == "edited"


def test_an_earlier_examination_beside_the_present_one(start, browse, scans, tmp_path):
    page = browse().page()
    page.open(start(scans).address)
    detected(page)
    first = exported(page)
    prior = tmp_path / "earlier" / "report.json"
    prior.parent.mkdir()
    prior.write_bytes(first["report.json"])
    assert "followup.csv" not in first

    # The front of L3 comes down by 40 pixels: an incident fracture.
    page.click("tr[data-level=L3] button")
    page.wait("window.trame.state.get('detail')?.level === 'L3'")
    page.click(".points button:nth-child(3)")
    page.wait("window.trame.state.get('detail')?.point === 'AS'")
    for _ in range(8):
        page.key("ArrowDown", modifiers=8)
    page.wait("window.trame.state.get('edited')")
    # What was exported before the edit is no longer all there is.
    assert [image["done"] for image in page.state("images")] == [False, False]
    page.click("#tab-compare")
    page.wait("document.querySelector('#prior-file')")
    give(page, prior, "#prior-file")
    page.wait("window.trame.state.get('compared')?.name")
    assert page.state("compared")["name"] == "report.json of synthetic_bright.dcm"
    rows = page.state("compared")["rows"]
    assert rows[0]["incident"] is True
    assert rows[0]["cells"][0] == "L3"
    assert not any(row["incident"] for row in rows[1:])
    assert "Incident fracture: L3" in page.text(".compare")
    assert "prior" in page.state("layers")

    # The page's numbers are the files'.
    files = exported(page)
    before, after = (
        {v["level"]: v["heights"] for v in json.loads(data)["vertebrae"]}
        for data in (first["report.json"], files["report.json"])
    )
    table = list(csv.DictReader(io.StringIO(files["followup.csv"].decode())))
    assert len(table) == len(rows)
    for row in table:
        level = row["level"]
        change = after[level]["Ha"] - before[level]["Ha"]
        assert float(row["Ha_change_mm"]) == pytest.approx(change, abs=2e-3)  # of rounded heights
    # A landmarks file of many images is refused, and the comparison stays.
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    give(page, wrong, "#prior-file")
    page.wait("window.trame.state.get('failed')")
    assert page.state("compared")["name"]

    # Another image of the session, as it was left.
    page.js("document.activeElement.blur()")  # in the panel the key scrolls
    page.key("PageDown")
    page.wait("window.trame.state.get('present') === 1")
    page.wait("!document.querySelector('#grades')")
    page.click("#detect")
    page.wait("document.querySelectorAll('#grades tbody tr').length > 2", 90)
    assert page.state("compared")["choices"] == [[0, Path("synthetic_bright.dcm").name]]
    choose(page, "#prior", "0")
    page.wait("window.trame.state.get('compared')?.name === 'synthetic_bright.dcm'")
    choose(page, "#prior", "none")
    page.wait("!window.trame.state.get('compared').name")
    assert "prior" not in page.state("layers")
    assert page.errors() == []
