"""Window and level by the mouse, in a real Chromium: no point and no place moves with it."""

from __future__ import annotations

import json

from test_reading import detected, on_screen, report, vertebra

LIGHT = "window.trame.state.get('light')"
CTRL = 2


def test_ctrl_and_a_drag_change_the_light_as_in_slicer_and_nothing_else(start, browse, scans):
    view, page = start(scans / "synthetic_bright.dcm"), browse().page()
    page.open(view.address)
    detected(page)
    before = report(page)
    point = vertebra(before, "L2")["points"]["AS"]
    at = on_screen(page, before, point["x"], point["y"])
    _left, _top, width, height = page.place("#slice")
    step = 200 / min(width, height)
    # It begins on a point, which stays where it is.
    page.drag(at, (at[0] - 60, at[1] + 30), modifiers=CTRL)
    page.wait(f"{LIGHT}.contrast > 1")
    page.wait(f"Math.abs({LIGHT}.contrast - {60 * step}) < 0.01")
    page.wait(f"Math.abs({LIGHT}.brightness - {30 * step}) < 0.01")
    # Beyond the end it stays there, and comes back at once.
    page.drag(at, (at[0] - width, at[1]), modifiers=CTRL)
    page.wait(f"Math.abs({LIGHT}.contrast - 100) < 0.01")
    page.drag(at, (at[0] + 10, at[1]), modifiers=CTRL)
    page.wait(f"Math.abs({LIGHT}.contrast - {100 - 10 * step}) < 0.01")
    assert report(page) == before
    assert page.state("edited") is False
    assert page.state("can_undo") is False
    # Neither pan nor zoom: the point is dragged from where it was.
    page.drag(at, (at[0] + 12, at[1]), pause_s=0.05)
    page.wait("window.trame.state.get('edited')")
    assert page.state("light")["contrast"] > 90
    page.key("r")
    page.wait(f"{LIGHT}.contrast === 0 && {LIGHT}.brightness === 0")
    assert page.errors() == []


def test_by_dragging_is_turned_on_said_and_ended(start, browse, scans):
    view, page = start(scans / "synthetic_bright.dcm"), browse().page()
    page.open(view.address)
    detected(page)
    left, top, width, height = page.place("#slice")
    middle = (left + width / 2, top + height / 2)
    page.click("#light summary")
    page.click("#lighting")
    page.wait("document.querySelector('#lighting-now')")
    page.key("Escape")  # the menu first
    page.wait("!document.querySelector('#light').open")
    before = report(page)
    page.drag(middle, (middle[0] + 40, middle[1] - 40))
    moved = -40 * 200 / min(width, height)
    page.wait(f"Math.abs({LIGHT}.contrast - {moved}) < 0.01")
    page.wait(f"Math.abs({LIGHT}.brightness - {moved}) < 0.01")
    assert report(page) == before
    page.key("Escape")
    page.wait("!document.querySelector('#lighting-now')")
    page.key("l")
    page.wait("document.querySelector('#lighting-now')")
    # Who is asked for a point can place it.
    page.key("a")
    page.key("w")
    page.wait("window.trame.state.get('grid').active")
    page.key("m")
    page.wait("window.trame.state.get('prompt')")
    page.wait("!document.querySelector('#lighting-now')")
    page.key("l")
    assert page.state("lighting") is False


def test_without_an_image_there_is_no_light_to_change(start, browse):
    page = browse().page()
    page.open(start().address)
    page.wait("document.querySelector('#slice') && window.trame.state.get('present') === -1")
    # What the page asks of the server, not only what has come back already.
    page.js(
        "{const t = window.trame; const ask = t.trigger.bind(t); window.asked = [];"
        " t.trigger = (...what) => { window.asked.push(what); return ask(...what); }; true}"
    )
    page.drag((400, 300), (450, 350), modifiers=CTRL)
    asked = json.loads(page.js("JSON.stringify(window.asked)"))
    assert not [what for what in asked if what[0] == "act" and what[1][0] == "light"]
    assert page.state("failed") is False
    assert "the images stay on this computer" in page.text(".steps.first")
    assert page.errors() == []
