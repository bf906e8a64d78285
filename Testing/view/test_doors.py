"""Who is let in, and what is served: tokens, other sites, paths, and the reader's process."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("aiohttp", reason="the packages of vertenet[view] are not installed")

from aiohttp.test_utils import make_mocked_request

from vertenet_web.gate import Gate, reader_of
from vertenet_web.settings import ChildSettings, Settings, is_loopback

TOKEN = "a-token-of-more-than-sixteen"


def asked(path="/", *, host="127.0.0.1:8080", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("GET", path, headers={"Host": host, **named})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8"])
def test_the_loopback_is_known(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "clinic.example", "", "128.0.0.1"]
)
def test_everything_else_is_not_the_loopback(host):
    assert not is_loopback(host)


def test_on_the_loopback_nobody_is_asked_for_a_token():
    assert Gate(Settings(())).refusal(asked()) is None


@pytest.mark.parametrize("host", ["evil.example:8080", "127.0.0.1.evil.example", "192.168.0.3"])
def test_a_name_that_only_points_at_the_loopback_is_refused(host):
    assert Gate(Settings(())).refusal(asked(host=host))


@pytest.mark.parametrize("path", ["/s/x/ws", "/s/x/drop", "/"])
def test_a_page_of_another_site_is_refused(path):
    gate = Gate(Settings(()))
    assert gate.refusal(asked(path, Origin="https://evil.example"))
    assert gate.refusal(asked(path, Origin="http://127.0.0.1:9999"))
    assert gate.refusal(asked(path, Origin="null"))
    assert gate.refusal(asked(path, Origin="http://127.0.0.1:8080")) is None


@pytest.mark.parametrize("given", ["", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ä"])
def test_a_wrong_token_is_refused_in_the_address_and_in_the_cookie(given):
    gate = Gate(Settings((), host="0.0.0.0", token=TOKEN))
    assert gate.refusal(asked(f"/?token={given}"))
    assert gate.refusal(asked(Cookie=f"vertenet_token_8080={given}"))
    assert not gate.entering(asked(f"/?token={given}"))


def test_the_right_token_lets_in():
    gate = Gate(Settings((), host="0.0.0.0", token=TOKEN))
    assert gate.refusal(asked()) is not None
    assert gate.refusal(asked(f"/?token={TOKEN}")) is None
    assert gate.refusal(asked(Cookie=f"vertenet_token_8080={TOKEN}")) is None


def test_a_reader_keeps_the_name_of_the_cookie_and_no_path_is_one():
    assert reader_of(asked(Cookie=f"vertenet_reader={'ab' * 16}")) == "ab" * 16
    for odd in ("../../etc", "x", "AB" * 16, ""):
        made = reader_of(asked(Cookie=f"vertenet_reader={odd}"))
        assert made != odd
        assert len(made) == 32


def test_what_a_process_is_told_arrives_as_it_was():
    told = ChildSettings("s", "n", (Path("/a b/ü.dcm"),), Path("/w"), Path("/d"), None, Path("/m"))
    assert ChildSettings.from_line(told.to_line()) == told
    assert "\n" not in told.to_line()


@pytest.fixture
def visit():
    """Asks like a browser: with cookies, following redirections."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def ask(address: str, **headers: str) -> SimpleNamespace:
        request = urllib.request.Request(address, headers=headers)
        try:
            with opener.open(request, timeout=60) as answer:
                body = answer.read().decode(errors="replace")
                return SimpleNamespace(status=answer.status, body=body, url=answer.url)
        except urllib.error.HTTPError as error:
            with error:
                body = error.read().decode(errors="replace")
            return SimpleNamespace(status=error.code, body=body, url=address)

    return ask


def test_beyond_the_loopback_only_the_printed_address_opens_the_page(start, scans, visit):
    view = start(scans, "--host", "0.0.0.0")
    base = f"http://127.0.0.1:{view.port}"
    assert "?token=" in view.address
    token = view.address.partition("?token=")[2]
    assert len(token) >= 24
    for path in ("/", "/?token=wrong", "/alive", "/s/x/index.html", "/s/x/ws"):
        answer = visit(base + path)
        assert answer.status == 403
        assert "token" in answer.body
    page = visit(f"{base}/?token={token}")
    assert page.status == 200
    assert "/s/" in page.url
    assert token not in page.url

    # Inside, nothing is served but the page's own files.
    inside = page.url.rpartition("/")[0]
    for path in (
        "/../../../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd",
        "/vertenet/../child.py", "/vertenet/%2e%2e/child.py", f"/{scans}/synthetic_bright.dcm",
    ):  # fmt: skip
        answer = visit(inside + path)
        assert "root:" not in answer.body
        assert "def main" not in answer.body
        assert answer.status in (403, 404) or "/s/" in answer.url
    assert visit(inside + "/vertenet/page.css").status == 200
    # A session that was never given is none; the secret of the process is not in any page.
    assert visit(f"{base}/s/{'0' * 32}/report").url != f"{base}/s/{'0' * 32}/report"
    # The reader's process answers nobody but the server.
    for pid in view.children():
        for port in _listening(pid):
            assert visit(f"http://127.0.0.1:{port}/index.html").status == 403
            assert visit(f"http://127.0.0.1:{port}/export.zip").status == 403


def _listening(pid: int) -> list[int]:
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(link.readlink()).removeprefix("socket:[").rstrip("]"))
        except OSError:
            continue
    rows = [row.split() for row in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    found = [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[9] in inodes]
    assert found, "the process must listen somewhere"
    return found


def test_a_page_says_that_nothing_may_be_loaded_from_elsewhere(start, visit):
    view = start()
    with urllib.request.urlopen(f"{view.address}alive", timeout=30) as answer:
        assert json.loads(answer.read()) == {"alive": True}
        policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
