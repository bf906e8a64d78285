"""What is left of a reading after a closed tab, a second reader, a killed server."""

from __future__ import annotations

import os
import signal
import time

from test_reading import IMAGE, ROWS, detected


def moved(page) -> str:
    """Move a point by keyboard and return the table."""
    page.key("n")
    page.wait("window.trame.state.get('detail')")
    page.click(".points button")
    page.wait("window.trame.state.get('detail')?.point")
    page.key("ArrowDown", modifiers=8)
    page.wait("window.trame.state.get('edited')")
    time.sleep(0.3)
    return page.text("#grades")


def test_no_edit_is_lost_and_no_reader_sees_anothers(start, browse, scans):
    scan = scans / "synthetic_bright.dcm"
    view, browser = start(scan), browse()
    page = browser.page()
    page.open(view.address)
    detected(page)
    rows = moved(page)

    # A second reader beside the first: a session of its own.
    other = browse().page()
    other.open(view.address)
    other.wait(IMAGE)
    assert other.state("rows") == []
    assert not other.state("offer")
    assert len(view.children()) == 2

    # A closed tab: opened again, it goes on where it was.
    page.close()
    time.sleep(0.5)
    page = browser.page()
    page.open(view.address)
    page.wait(IMAGE)
    page.wait(ROWS)
    assert page.text("#grades") == rows

    # A killed server: its processes end, the page says so, and comes back by itself.
    children, port = view.children(), view.port
    view.kill()
    page.wait("document.querySelector('#lost')")
    assert "Your edits are kept" in page.text("#lost")
    # trame's own sign, which comes a moment later, does not cover that.
    time.sleep(0.5)
    assert page.js("!!document.elementFromPoint(innerWidth / 2, innerHeight / 2).closest('#lost')")
    end = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{pid}") for pid in children) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in children if os.path.exists(f"/proc/{pid}")]
    start(scan, port=port)
    page.wait("document.querySelector('.offer')", 60)
    assert "not exported" in page.text(".offer")
    assert page.state("rows") == []
    page.click("#take-offer")
    page.wait(ROWS)
    page.wait("window.trame.state.get('edited')")
    assert page.text("#grades") == rows
    page.told("Page.reload")
    time.sleep(0.5)
    page.wait(ROWS)
    assert not page.state("offer")


def test_a_crash_of_the_readers_process_loses_nothing(start, browse, scans):
    view, page = start(scans / "synthetic_faint.dcm"), browse().page()
    page.open(view.address)
    detected(page)
    rows = moved(page)
    (pid,) = view.children()
    os.kill(pid, signal.SIGKILL)
    page.wait("document.querySelector('.offer')")
    page.click("#take-offer")
    page.wait(ROWS)
    assert page.text("#grades") == rows
    assert view.children() != [pid]
