"""All images of the list in one go, in a real Chromium: read, stopped, written, kept."""

from __future__ import annotations

import base64
import io
import json
import shutil
import time
import zipfile
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid
from test_lost import moved
from test_reading import IMAGE, ROWS, detected, exported, give

ROUND = "window.trame.state.get('round')"
DONE = f"!{ROUND}.running && {ROUND}.text"


def fetched(page, name: str) -> dict[str, bytes]:
    data = page.js(
        f"fetch('{name}').then(r => r.blob()).then(b => new Promise(done => {{"
        "const f = new FileReader(); f.onload = () => done(f.result); f.readAsDataURL(b); }))"
    )
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(data.split(",", 1)[1]))) as archive:
        return {n: archive.read(n) for n in archive.namelist()}


def other(path: Path, target: Path) -> None:
    """The same image as another instance: drafts go by the content of the file."""
    content = pydicom.dcmread(path)
    content.SOPInstanceUID = content.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    content.save_as(target)


def marks(page) -> list[tuple[bool, bool, bool]]:
    return [(i["read"], i["edited"], i["failed"]) for i in page.state("images")]


def test_all_images_are_read_written_and_kept(start, browse, scans, tmp_path):
    (scans / "broken.dcm").write_bytes((scans / "synthetic_bright.dcm").read_bytes()[:3000])
    other(scans / "synthetic_faint.dcm", scans / "z_other.dcm")
    view, browser = start(scans, "-o", tmp_path / "results"), browse()
    page = browser.page()
    page.open(view.address)
    page.wait("window.trame.state.get('images').length === 4")
    # The first of them cannot be opened; the second is read and edited by the reader.
    page.wait("window.trame.state.get('failed')")
    page.js("window.trame.trigger('act', ['turn', [2]])")
    page.wait("window.trame.state.get('image_name') === 'synthetic_bright.dcm'")
    page.wait(IMAGE)
    detected(page)
    page.key("n")
    page.wait("window.trame.state.get('detail')")
    page.js("window.trame.trigger('act', ['decide', ['2', 'seen']])")
    page.wait("window.trame.state.get('edited')")
    rows = page.text("#grades")

    page.key("D", modifiers=8)
    page.wait(f"{ROUND}.running")
    page.wait(DONE, 90)
    assert page.state("round")["text"] == "2 images read, 1 had landmarks already, 1 failed (✕)."
    assert marks(page) == [
        (False, False, True), (True, True, False), (True, False, False), (True, False, False),
    ]  # fmt: skip
    assert "xpected" in page.state("images")[0]["text"]
    # What the reader did stands; what was read beside it is there at once when it is opened.
    assert page.text("#grades") == rows
    page.js("window.trame.trigger('act', ['open', [2]])")
    page.wait("window.trame.state.get('image_name') === 'synthetic_faint.dcm'")
    page.wait("window.trame.state.get('rows').length > 2")
    found = exported(page)
    assert not page.state("edited")
    # As a click on Detect finds it.
    page.js("window.trame.trigger('act', ['detect', []])")
    page.wait("window.trame.state.get('message').includes('Look at every point')", 60)
    assert exported(page)["report.json"] == found["report.json"]

    # The files of all, as those of one; each in a folder of its name.
    archive = fetched(page, "export-all.zip")
    assert {Path(n).parent.name for n in archive} == {
        "synthetic_bright", "synthetic_faint", "z_other",
    }  # fmt: skip
    same = {Path(n).name: d for n, d in archive.items() if n.startswith("synthetic_faint/")}
    assert same == found
    assert page.state("image_name") == "synthetic_faint.dcm"
    page.js("window.trame.trigger('act', ['write_all', [false, false, false, false]])")
    end = time.monotonic() + 60
    while not (tmp_path / "results" / "z_other" / "report.json").exists():
        assert time.monotonic() < end, page.text(".round")
        time.sleep(0.05)
    page.wait(DONE)
    assert page.state("round")["text"] == "Files of 3 images written."
    written = {
        p.relative_to(tmp_path / "results").as_posix(): p.read_bytes()
        for p in (tmp_path / "results").rglob("*") if p.is_file()
    }  # fmt: skip
    assert written == archive
    assert [i["done"] for i in page.state("images")] == [False, True, True, True]

    # After a killed server the landmarks that nobody edited are offered too.
    view.kill()
    view = start(scans / "z_other.dcm")
    page.open(view.address)
    page.wait("document.querySelector('.offer')", 60)
    assert "not edited" in page.text(".offer")
    page.click("#take-offer")
    page.wait("window.trame.state.get('rows').length > 2")


def test_a_pass_over_the_list_can_be_stopped(start, browse, scans):
    many = scans.parent / "many"
    many.mkdir()
    for number in range(12):
        other(scans / "synthetic_bright.dcm", many / f"{number:02}.dcm")
    page = browse().page()
    page.open(start(many).address)
    page.wait(IMAGE)
    page.click("#detect-all")
    page.wait(f"{ROUND}.done >= 2", 60)
    page.click("#cancel-round")
    page.wait(DONE)
    state = page.state("round")
    assert 2 <= state["done"] < 12
    assert f"stopped before the other {12 - state['done']}" in state["text"]
    assert sum(read for read, _edited, _failed in marks(page)) == state["done"]
    # The one that is open has its landmarks, and the page is ready.
    page.wait(ROWS)
    assert not page.state("failed")


def test_dropped_files_and_folders_join_the_list_and_wrong_ones_are_named(start, browse, scans):
    page = browse().page()
    page.open(start().address)
    page.wait("document.querySelector('#file')")
    (scans / "notes.txt").write_text("no image")
    give(page, [scans / n for n in ("synthetic_bright.dcm", "notes.txt", "synthetic_faint.dcm")])
    page.wait("window.trame.state.get('message').startsWith('2 files taken')", 30)
    assert "notes.txt" in page.text("#message")
    assert [i["name"] for i in page.state("images")] == [
        "synthetic_bright.dcm", "synthetic_faint.dcm",
    ]  # fmt: skip
    # The first one that was taken is looked at.
    assert page.state("image_name") == "synthetic_bright.dcm"
    # A folder, as the browser hands it over: entries to be read, hidden ones among them.
    data = base64.b64encode((scans / "synthetic_faint.dcm").read_bytes()).decode()
    page.js(
        f"(async () => {{ const data = Uint8Array.from(atob('{data}'), c => c.charCodeAt(0));"
        "const file = name => ({isFile: true, name, file: done => done(new File([data], name))});"
        "const folder = (name, all) => ({isDirectory: true, name, createReader: () => {"
        " let rest = [all, []]; return {readEntries: done => done(rest.shift())} }});"
        "const entry = folder('scans', [file('b.dcm'), file('.hidden'),"
        " folder('deeper', [file('a.dcm')])]);"
        "const drop = new Event('drop', {cancelable: true});"
        "Object.defineProperty(drop, 'dataTransfer', {value:"
        " {items: [{webkitGetAsEntry: () => entry}], files: []}});"
        "window.dispatchEvent(drop) })()"
    )
    page.wait("window.trame.state.get('images').length === 4", 30)
    assert [i["name"] for i in page.state("images")][2:] == ["b.dcm", "a.dcm"]
    page.wait("window.trame.state.get('message') === '2 files taken.'")
    assert json.dumps(page.errors()) == "[]"


def test_two_files_of_one_content_each_have_their_own_edits(start, browse, scans):
    for folder in ("a", "b"):
        (scans / folder).mkdir()
        shutil.copy(scans / "synthetic_bright.dcm", scans / folder / "x.dcm")
    files, page = (scans / "a" / "x.dcm", scans / "b" / "x.dcm"), browse().page()
    view = start(*files)
    page.open(view.address)
    detected(page)
    assert [i["name"] for i in page.state("images")] == ["a/x.dcm", "b/x.dcm"]
    first = moved(page)
    page.js("window.trame.trigger('act', ['turn', [1]])")
    page.wait("window.trame.state.get('image_name') === 'b/x.dcm'")
    assert page.state("rows") == []
    assert not page.state("offer")
    detected(page)
    untouched = page.text("#grades")
    assert untouched != first
    page.js("window.trame.trigger('act', ['turn', [-1]])")
    page.wait("window.trame.state.get('image_name') === 'a/x.dcm'")
    page.wait(ROWS)
    assert page.text("#grades") == first
    assert [(i["name"], i["edited"]) for i in page.state("images")] == [
        ("a/x.dcm", True), ("b/x.dcm", False),
    ]  # fmt: skip

    assert page.errors() == []

    # After a lost server each is offered its own; one that was moved is said to be another file.
    view.kill()
    moved_to = scans / "moved.dcm"
    files[0].rename(moved_to)
    start(moved_to, files[1], port=view.port)
    page.wait("document.querySelector('.offer')", 60)
    assert "The same image, as another file, was edited" in page.text(".offer")
    assert "Begin without them" in page.text(".offer")
    page.click("#take-offer")
    page.wait(ROWS)
    assert page.text("#grades") == first
    page.js("window.trame.trigger('act', ['turn', [1]])")
    page.wait("window.trame.state.get('offer').startsWith('Its landmarks were found')")
    page.click("#take-offer")
    page.wait(ROWS)
    assert page.text("#grades") == untouched
