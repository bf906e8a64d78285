"""Times what a reader waits for in ``vertenet view``, in a real Chromium; not a test.

    .venv/bin/python Testing/view/bench_view.py [SCAN]

Prints the seconds from the command to the image on the page (Chromium runs already, as a
reader's does), those of a detection after the click, how many times a second the table and
the picture follow a drag, and the memory of the processes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "VerteNetSlicer")]

from chromium import Chromium  # noqa: E402
from conftest import SAMPLES, View  # noqa: E402
from test_reading import IMAGE, ROWS, on_screen, report, vertebra  # noqa: E402

_DRAG_S = 5.0
_WARM_S = 8.0
_WATCH = """
window.told = {table: [], frames: []};
{
  const row = document.querySelector('tr[data-level=L3]');
  let last = row.innerText;
  new MutationObserver(() => {
    if (row.innerText !== last) window.told.table.push(performance.now());
    last = row.innerText;
  }).observe(row, {subtree: true, childList: true, characterData: true});
  new MutationObserver(() => window.told.frames.push(performance.now())).observe(
    document.querySelector('#slice'), {subtree: true, attributes: true, attributeFilter: ['src']});
}
0
"""


def main() -> int:
    """Measure once and print."""
    scan = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES / "synthetic_bright.dcm"
    with tempfile.TemporaryDirectory() as folder:
        browser = Chromium(Path(folder) / "profile")
        page = browser.page()
        view = View(scan, drafts=Path(folder) / "drafts")
        try:
            _measure(page, view)
        finally:
            browser.close()
            view.close()
    return 0


def _measure(page, view: View) -> None:
    page.open(view.address)
    page.wait(IMAGE)
    print(f"command to image on the page: {time.monotonic() - view.started:.2f} s")
    time.sleep(_WARM_S)
    page.click("#detect")
    print(f"click to table: {page.wait(ROWS):.2f} s ({page.text('#message')})")
    content = report(page)
    point = vertebra(content, "L3")["points"]["AS"]
    x, y = on_screen(page, content, point["x"], point["y"])
    page.js(_WATCH)
    page.mouse("mouseMoved", (x, y))
    time.sleep(0.3)
    page.mouse("mousePressed", (x, y))
    start, step = time.monotonic(), 0
    while time.monotonic() - start < _DRAG_S:
        away = 50 - abs(step % 100 - 50)
        page.mouse("mouseMoved", (x + 0.3 * away, y + 0.5 * away))
        step += 1
        time.sleep(0.01)
    page.mouse("mouseReleased", (x, y))
    time.sleep(0.5)
    for name, times in page.js("window.told").items():
        rate = (len(set(times)) - 1) / ((times[-1] - times[0]) / 1000)
        print(f"{name} while dragging: {rate:.1f} per second")
    print(f"memory: {_memory_mb(view):.0f} MB (server and one session)")


def _memory_mb(view: View) -> float:
    pids = [view.process.pid, *view.children()]
    told = subprocess.run(
        ["ps", "-o", "rss=", "-p", ",".join(map(str, pids))], capture_output=True, text=True
    )
    return sum(int(kb) for kb in told.stdout.split()) / 1024


if __name__ == "__main__":
    sys.exit(main())
