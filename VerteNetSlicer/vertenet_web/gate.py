"""Who is let in: the token, and pages of no other site."""

from __future__ import annotations

import hmac
import re
import secrets
from urllib.parse import urlsplit

from aiohttp import web

from .settings import Settings, is_loopback

READER = "vertenet_reader"
_READER_FORM = re.compile(r"[0-9a-f]{32}")
_YEAR_S = 365 * 24 * 3600

REFUSED = (
    "Expected the token of this server, got none or another. Open the whole address that "
    "'vertenet view' printed."
)
FOREIGN = "Expected a page of this server, got a request of another site. Open the address itself."


class Gate:
    """Decides about every request before anything else looks at it.

    On the loopback a page of another site could reach the server through the reader's
    browser: the names it goes by and where a request comes from are looked at.
    """

    def __init__(self, settings: Settings) -> None:
        self._token = settings.token
        self._local = settings.local

    def refusal(self, request: web.Request) -> str | None:
        """Why a request is refused, as a sentence; None lets it in."""
        if self._local and not is_loopback(_name_of(request.host)):
            return FOREIGN
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return FOREIGN
        if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.path != "/":
            return FOREIGN
        return None if self._token is None or self._shown(request) else REFUSED

    def entering(self, request: web.Request) -> bool:
        """True where the address itself carries the right token, to be kept as a cookie."""
        return self._token is not None and self._same(request.query.get("token"))

    def keep_token(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the browser remember the token until it is closed."""
        response.set_cookie(
            _cookie(request), self._token or "", httponly=True, samesite="Strict", path="/"
        )

    def _shown(self, request: web.Request) -> bool:
        return self._same(request.cookies.get(_cookie(request))) or self.entering(request)

    def _same(self, given: str | None) -> bool:
        known = (self._token or "").encode()
        return given is not None and hmac.compare_digest(given.encode(), known)


def reader_of(request: web.Request) -> str:
    """The random name by which a browser knows its reader; a new one at the first visit."""
    known = request.cookies.get(READER, "")
    return known if _READER_FORM.fullmatch(known) else secrets.token_hex(16)


def keep_reader(response: web.StreamResponse, reader: str) -> None:
    """Let the browser remember its reader, so that edits are offered on return."""
    response.set_cookie(READER, reader, max_age=_YEAR_S, httponly=True, samesite="Strict", path="/")


def _cookie(request: web.Request) -> str:
    """Cookies know no ports: two servers on a machine must not share a name."""
    port = request.host.rpartition(":")[2]
    return f"vertenet_token_{port if port.isdigit() else 0}"


def _name_of(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0][1:]
    return host.partition(":")[0]
