"""A real Chromium, driven by its own protocol: mouse, keys, pictures, downloads.

No driver and no further package: the browser is told over a web socket.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--hide-scrollbars", "--mute-audio", "--remote-debugging-port=0",
    # Whatever is not on this machine cannot be reached: a CDN would be seen at once.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip
_PATIENCE_S = 60.0


def executable() -> str | None:
    """Where Chromium is, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


class Chromium:
    """A browser with a profile of its own."""

    def __init__(self, profile: Path, *, size: tuple[int, int] = (1280, 720)) -> None:
        self._loop = asyncio.new_event_loop()
        self.downloads = profile / "downloads"
        self.downloads.mkdir(parents=True, exist_ok=True)
        (profile / "DevToolsActivePort").unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [str(executable()), *_FLAGS, f"--user-data-dir={profile}",
             f"--window-size={size[0]},{size[1]}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        port, path = self._wait(
            lambda: (profile / "DevToolsActivePort").read_text().split() or None, OSError
        )
        self._session = self._run(_client())
        self._socket = self._run(
            self._session.ws_connect(f"ws://127.0.0.1:{port}{path}", max_msg_size=0)
        )
        self._number = 0
        self._events: list[dict[str, Any]] = []
        self.size = size
        self._told("Browser.setDownloadBehavior", behavior="allow",
                   downloadPath=str(self.downloads))  # fmt: skip

    def page(self) -> Page:
        """A new tab."""
        target = self._told("Target.createTarget", url="about:blank")["targetId"]
        attached = self._told("Target.attachToTarget", targetId=target, flatten=True)
        return Page(self, target, attached["sessionId"])

    def close(self) -> None:
        """End the browser."""
        for ending in (self._socket.close(), self._session.close()):
            self._run(ending)
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._loop.close()

    def _told(self, method: str, session: str | None = None, **values: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": values}
        if session is not None:
            message["sessionId"] = session
        return self._run(self._answer(message))

    async def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        await self._socket.send_str(json.dumps(message))
        while True:
            answer = json.loads((await self._socket.receive(2 * _PATIENCE_S)).data)
            if answer.get("id") == message["id"]:
                if "error" in answer:
                    raise RuntimeError(f"{message['method']}: {answer['error']}")
                return answer["result"]
            self._events.append(answer)

    def events(self, method: str, session: str) -> list[dict[str, Any]]:
        """What the browser told by itself so far."""
        return [
            e["params"] for e in self._events
            if e.get("method") == method and e.get("sessionId") == session
        ]  # fmt: skip

    def _run(self, action: Any) -> Any:
        return self._loop.run_until_complete(action)

    def _wait(self, look: Callable[[], Any], *errors: type[Exception]) -> Any:
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            try:
                found = look()
                if found:
                    return found
            except errors:
                pass
            time.sleep(0.02)
        raise TimeoutError("Chromium did not start")


async def _client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


class Page:
    """A tab: what a reader sees and does."""

    def __init__(self, browser: Chromium, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session
        self._pressed = False
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.told(f"{domain}.enable")
        self.resize(*browser.size)

    def told(self, method: str, **values: Any) -> dict[str, Any]:
        """Tell the tab something."""
        return self._browser._told(method, self._session, **values)

    def resize(self, width: int, height: int) -> None:
        """The size of the window's inside."""
        self.told("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip

    def open(self, address: str) -> None:
        """Go to an address."""
        self.told("Page.navigate", url=address)

    def js(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.told("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)  # fmt: skip
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", answer))
        return answer["result"].get("value")

    def state(self, key: str) -> Any:
        """A value of the page's state."""
        return self.js(f"window.trame?.state?.get({key!r}) ?? null")

    def wait(self, expression: str, seconds: float = _PATIENCE_S) -> float:
        """Wait until an expression is true; returns the seconds it took."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            try:
                if self.js(f"!!({expression})"):
                    return time.monotonic() - start
            except RuntimeError:
                pass  # a page that is being loaded
            time.sleep(0.02)
        raise TimeoutError(
            f"Not within {seconds} s: {expression}. Message: {self.text('#message')}"
        )

    def text(self, selector: str) -> str:
        """The text of an element; nothing where it is not there."""
        return self.js(f"document.querySelector({selector!r})?.innerText ?? ''")

    def place(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element."""
        return tuple(self.js(
            f"(r => [r.left, r.top, r.width, r.height])"
            f"(document.querySelector({selector!r}).getBoundingClientRect())"
        ))  # fmt: skip

    def click(self, selector: str) -> None:
        """Press the left button on the middle of an element."""
        left, top, width, height = self.place(selector)
        self.drag((left + width / 2, top + height / 2))

    def drag(
        self, start: tuple[float, float], end: tuple[float, float] | None = None, steps: int = 10,
        pause_s: float = 0.0, modifiers: int = 0,
    ) -> None:  # fmt: skip
        """Press the left button, move and release it."""
        self.mouse("mouseMoved", start, modifiers)
        self.mouse("mousePressed", start, modifiers)
        for i in range(1, steps + 1) if end is not None else ():
            place = tuple(s + (e - s) * i / steps for s, e in zip(start, end))
            self.mouse("mouseMoved", place, modifiers)
            time.sleep(pause_s)
        self.mouse("mouseReleased", end or start, modifiers)

    def mouse(self, kind: str, place: tuple[float, ...], modifiers: int = 0) -> None:
        """One event of the mouse; the left button stays pressed until it is released."""
        self._pressed = (self._pressed or kind == "mousePressed") and kind != "mouseReleased"
        self.told(
            "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], modifiers=modifiers,
            button="left" if self._pressed or kind == "mouseReleased" else "none",
            buttons=int(self._pressed), clickCount=int(kind != "mouseMoved"),
        )  # fmt: skip

    def key(self, name: str, *, modifiers: int = 0) -> None:
        """Press and release a key: a letter, or a name such as ArrowLeft."""
        text = {"text": name} if len(name) == 1 and not modifiers else {}
        codes = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Escape": 27,
                 "Enter": 13, "Tab": 9}  # fmt: skip
        code = codes.get(name, ord(name[0].upper()))
        common = {"key": name, "modifiers": modifiers, "windowsVirtualKeyCode": code}
        if name == "Enter":
            text = {"text": "\r"}
        self.told("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.told("Input.dispatchKeyEvent", type="keyUp", **common)

    def picture(self, path: Path | None = None) -> bytes:
        """What is seen, as PNG."""
        data = base64.b64decode(self.told("Page.captureScreenshot", format="png")["data"])
        if path is not None:
            path.write_bytes(data)
        return data

    def requests(self) -> list[str]:
        """The addresses that were asked for so far."""
        told = self._browser.events("Network.requestWillBeSent", self._session)
        return [event["request"]["url"] for event in told]

    def errors(self) -> list[str]:
        """What the console complained about."""
        thrown = self._browser.events("Runtime.exceptionThrown", self._session)
        logged = self._browser.events("Log.entryAdded", self._session)
        return [str(e["exceptionDetails"]) for e in thrown] + [
            f"{e['entry']['text']} {e['entry'].get('url')}"
            for e in logged
            if e["entry"]["level"] == "error"
        ]

    def close(self) -> None:
        """Close the tab."""
        self._browser._told("Target.closeTarget", targetId=self._target)
