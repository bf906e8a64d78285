"""By the keyboard alone, in a real Chromium: vertebrae and plaque placed, points chosen, light."""

from __future__ import annotations

import json
import time

import pytest
from test_beside import GRID, half_of
from test_reading import choose, detected, exported, on_screen, report, vertebra

from vertenet.measure import AAC_WALLS

CROSS = "The cross shows where the point will be"


def state(name: str) -> str:
    return f"window.trame.state.get('{name}')"


def pressed(page, steps: float, forwards: str, backwards: str) -> None:
    """Press an arrow key so often that it goes so many pixels, with Shift five at a time."""
    key = forwards if steps > 0 else backwards
    many, few = divmod(abs(round(steps)), 5)
    for modifiers, times in ((8, many), (0, few)):
        for _ in range(times):
            page.key(key, modifiers=modifiers)


def gone(page, start, end) -> None:
    """Go with the cross from one pixel of the image to another."""
    pressed(page, end[0] - start[0], "ArrowRight", "ArrowLeft")
    pressed(page, end[1] - start[1], "ArrowDown", "ArrowUp")


def focused(page) -> str:
    return page.js("document.activeElement.id")


def test_a_reading_by_keys_alone(start, browse, scans):
    page = browse().page()
    page.open(start(scans / "synthetic_bright.dcm").address)
    page.wait("document.querySelector('#slice img')?.naturalWidth > 100")
    page.key("d")
    page.wait(f"{state('rows')}.length > 8 && !{state('busy')}", 90)
    first = report(page)

    # A point is chosen and moved; what is chosen is marked where the view shows it.
    page.key("n")
    page.wait(state("detail"))
    level = page.state("detail")["level"]
    page.key(".")
    page.key(".")
    page.wait(f"{state('detail')}.point === 'MS'")
    page.key(",")
    page.wait(f"{state('detail')}.point === 'PS'")
    page.key("ArrowLeft")
    page.key("ArrowDown", modifiers=8)
    page.wait(state("edited"))
    old, new = (vertebra(r, level)["points"]["PS"] for r in (first, report(page)))
    assert (new["x"], new["y"]) == pytest.approx((old["x"] - 1, old["y"] + 5), abs=1e-6)
    page.key("z", modifiers=2)
    page.key("z", modifiers=2)
    page.wait(f"!{state('edited')}")
    page.key("Escape")
    page.wait(f"!{state('detail')}.point")

    # A missing vertebra: the cross begins in the middle, and each point goes on from the last.
    page.js("window.trame.trigger('act', ['select', ['L2']])")
    page.wait(f"{state('detail')}?.level === 'L2'")
    page.js("window.trame.trigger('act', ['delete', []])")
    page.wait("!document.querySelector('tr[data-level=L2]')")
    page.js("document.querySelector('#add').focus()")
    choose(page, "#add", "L2")
    page.wait(f"{state('prompt')} === 'L2 posterior superior' && document.activeElement.id")
    assert focused(page) == "slice"
    assert "press Enter" in page.text(".prompt")
    # Nothing is placed yet: the deletion before is not what Backspace takes back.
    assert not page.js("!!document.querySelector('#take-back')")
    page.key("Backspace")
    time.sleep(0.3)
    assert page.state("prompt") == "L2 posterior superior"
    assert not page.js("!!document.querySelector('tr[data-level=L2]')")
    page.key("Enter")  # no cross yet: it is shown, and nothing placed
    page.wait(f"{state('message')}.includes('{CROSS}')")
    assert page.state("prompt") == "L2 posterior superior"
    # Where it stands is known by placing there and taking that back.
    page.key("Enter")
    page.wait(f"{state('prompt')} === 'L2 mid superior'")
    page.key("Backspace")
    page.wait(f"{state('prompt')} === 'L2 posterior superior'")
    points = vertebra(first, "L2")["points"]
    names = ("PS", "MS", "AS", "AI", "MI", "PI")
    here = (points["PS"]["x"], points["PS"]["y"])
    asked = []
    for name in names:
        there = (points[name]["x"], points[name]["y"])
        gone(page, here, there)
        here = tuple(a + round(b - a) for a, b in zip(here, there, strict=True))
        asked.append(page.state("prompt"))
        page.key("Enter")
        page.wait(f"{state('prompt')} !== '{asked[-1]}'")
    assert len(set(asked)) == 6
    page.wait("document.querySelector('tr[data-level=L2]')")
    assert not page.state("prompt")
    placed = vertebra(report(page), "L2")["points"]
    off = {n: (placed[n]["x"] - points[n]["x"], placed[n]["y"] - points[n]["y"]) for n in names}
    # Each moved by whole pixels from the same unknown beginning: within rounding of that.
    for name in names:
        assert off[name] == pytest.approx(off["PS"], abs=1.0)
        assert placed[name]["status"] == "edited"
    assert focused(page) == "slice"  # a list that takes letters would swallow the next keys

    # Given up half-way, nothing stays.
    page.js("window.trame.trigger('act', ['delete', []])")
    page.wait("!document.querySelector('tr[data-level=L2]')")
    choose(page, "#add", "L2")
    page.wait(f"{state('prompt')} === 'L2 posterior superior'")
    for _ in range(2):
        page.key("Enter")
    page.wait(f"{state('prompt')} === 'L2 mid superior'")
    page.key("Escape")
    page.wait(f"!{state('prompt')}")
    assert not page.js("!!document.querySelector('tr[data-level=L2]')")
    page.key("z", modifiers=2)
    page.wait("document.querySelector('tr[data-level=L2]')")

    # Plaque over the upper half of the first wall, whose region W brings into the middle.
    level, wall = AAC_WALLS[0]
    page.key("w")
    page.wait(f"{GRID}?.active")
    page.key("m")
    page.wait(f"{state('prompt')} === 'start of a plaque on the {wall} wall'")
    assert focused(page) == "slice"
    page.key("ArrowUp")
    page.wait(f"{state('message')}.includes('{CROSS}')")
    start_xy, end_xy = half_of(report(page), level.value, wall)
    middle = centre_of(report(page), level.value, wall)
    gone(page, middle, start_xy)
    page.key("Enter")
    page.wait(f"{state('prompt')} === 'end of a plaque on the {wall} wall'")
    gone(page, start_xy, end_xy)
    page.key("Enter")
    page.wait(f"{GRID}.cells.flat().filter(c => c).length === 1")
    assert page.state("grid")["cells"][0][0].startswith("2 ▬")
    page.key("Escape")
    page.wait(f"!{state('marking')}")

    # From wall to wall, and from tab to tab, by the arrows.
    page.js("document.querySelector('#aac td button').focus()")
    page.key("ArrowRight")
    page.wait(f"JSON.stringify({GRID}.active) === '[0,1]'")
    page.key("ArrowDown")
    page.wait(f"JSON.stringify({GRID}.active) === '[1,1]'")
    page.key("g")
    page.wait(f"{state('tab')} === 'angles'")
    page.key("ArrowRight")
    page.wait(f"{state('tab')} === 'compare'")

    # The list of keys takes the keys while it is open, and gives the focus back.
    page.key("?")
    page.wait("document.querySelector('#help').open")
    page.key("v")
    assert page.state("tab") == "compare"
    page.key("Escape")
    page.wait("!document.querySelector('#help').open")
    page.key("v")
    page.wait(f"{state('tab')} === 'vertebra'")
    assert page.errors() == []


def centre_of(content: dict, level: str, wall: str) -> tuple[float, float]:
    """The middle of a wall's region, as the view centres it: the mean of its outline."""
    segment = next(s for s in content["aac"]["segments"] if s["level"] == level)
    outline = segment[wall]
    return tuple(sum(p[i] for p in outline) / len(outline) for i in (0, 1))


def grey(page) -> float:
    """How bright the picture is, from 0 to 255."""
    time.sleep(0.4)
    return page.js(
        "(() => { const i = document.querySelector('#slice img'), c = document.createElement"
        "('canvas'); c.width = i.naturalWidth; c.height = i.naturalHeight;"
        "const g = c.getContext('2d'); g.drawImage(i, 0, 0);"
        "const d = g.getImageData(0, 0, c.width, c.height).data; let s = 0;"
        "for (let k = 0; k < d.length; k += 4) s += d[k]; return s / (d.length / 4) })()"
    )


def test_light_and_colours_change_the_picture_and_no_number(start, browse, scans):
    page = browse().page()
    page.open(start(scans / "synthetic_bright.dcm").address)
    detected(page)
    before, usual = exported(page), grey(page)
    page.key("B", modifiers=8)
    page.key("B", modifiers=8)
    page.wait(f"Math.round({state('light')}.brightness) === -20")
    assert grey(page) < usual - 3
    page.key("k")
    page.wait(f"Math.round({state('light')}.contrast) === 10")
    page.key("x")
    page.wait(f"{state('light')}.inverted")
    assert grey(page) > usual + 10
    page.key("r")
    page.wait(f"!{state('light')}.inverted && {state('light')}.contrast === 0")
    assert grey(page) == pytest.approx(usual, abs=0.5)

    # The wheel leaves what is under the pointer there, and a click on a point chooses it.
    content = report(page)
    point = vertebra(content, "L3")["points"]["AS"]
    x, y = on_screen(page, content, point["x"], point["y"])
    for _ in range(4):
        page.told("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-120)
    time.sleep(0.6)
    page.mouse("mouseMoved", (x, y))
    time.sleep(0.3)
    page.mouse("mousePressed", (x, y))
    page.mouse("mouseReleased", (x, y))
    page.wait(f"{state('detail')}?.level === 'L3' && {state('detail')}.point === 'AS'")
    assert page.state("edited") is False
    page.key("Escape")
    page.wait(f"!{state('detail')}.point")
    page.js("window.trame.trigger('act', ['select', [null]])")
    page.key("f")
    usual = grey(page)

    # Bare, and all again; colours by vertebra, told in the table too.
    page.key("h")
    page.wait(state("bare"))
    bare = grey(page)
    assert bare != pytest.approx(usual, abs=0.05)
    page.key("h")
    page.wait(f"!{state('bare')}")
    edge = "getComputedStyle(document.querySelector('tr[data-level=L1] button')).borderLeftColor"
    assert page.js(edge) == "rgba(0, 0, 0, 0)"
    choose(page, "#colour-by", "vertebra")
    page.wait(f"{state('colour_by')} === 'vertebra'")
    colours = {page.js(edge.replace("L1", name)) for name in ("L1", "L2", "L3", "L4", "L5")}
    assert len(colours) == 5
    assert json.loads(exported(page)["report.json"]) == json.loads(before["report.json"])
    assert page.errors() == []
