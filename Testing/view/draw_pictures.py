"""Takes the pictures of ``vertenet view`` for the docs, of a synthetic scan; not a test.

    .venv/bin/python Testing/view/draw_pictures.py

Writes into docs/browser.md which model they show.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "VerteNetSlicer")]

from chromium import Chromium  # noqa: E402
from conftest import SAMPLES, View  # noqa: E402
from test_reading import detected  # noqa: E402

DOCS = ROOT / "docs" / "browser.md"
_SETTLED_S = 1.5


def main() -> int:
    """Write docs/images/browser.png and browser_aorta.png."""
    with tempfile.TemporaryDirectory() as folder:
        browser = Chromium(Path(folder) / "profile")
        page = browser.page()
        view = View(SAMPLES, drafts=Path(folder) / "drafts")
        try:
            page.open(view.address)
            detected(page)
            _tell_model(page.state("model"))
            page.click("#detect-all")
            page.wait("window.trame.state.get('images').every(image => image.read)")
            page.click("tr[data-level=T6] button")
            page.wait("window.trame.state.get('detail')?.level === 'T6'")
            page.key("f")
            _take(page, "browser.png")
            page.click("#tab-aorta")
            page.wait("document.querySelector('#read-walls')")
            page.click("#read-walls")
            page.wait("window.trame.state.get('grid').active")
            page.key("1")
            page.wait("window.trame.state.get('grid').cells[0][0] === '1'")
            page.key("m")
            page.wait("window.trame.state.get('prompt')")
            for key in ("ArrowUp", *["ArrowUp"] * 6, "ArrowLeft"):
                page.key(key, modifiers=8)
            page.key("Enter")
            page.wait("window.trame.state.get('prompt').startsWith('end')")
            for _ in range(8):
                page.key("ArrowDown", modifiers=8)
            _take(page, "browser_aorta.png")
        finally:
            browser.close()
            view.close()
    return 0


def _tell_model(model: str) -> None:
    text = DOCS.read_text(encoding="utf-8")
    told, count = re.subn(r"\(Taken with model [^;]*;", f"(Taken with model {model};", text)
    if count != 1:
        raise SystemExit(f"{DOCS} does not say once with which model its pictures were taken.")
    DOCS.write_text(told, encoding="utf-8")
    print(f"with {model}")


def _take(page, name: str) -> None:
    time.sleep(_SETTLED_S)
    path = ROOT / "docs" / "images" / name
    # In all their colours: with 256 of them, grades 2 and 3 looked alike.
    Image.open(io.BytesIO(page.picture())).convert("RGB").save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    sys.exit(main())
