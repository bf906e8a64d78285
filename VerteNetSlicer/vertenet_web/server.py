"""The process that listens: lets readers in, gives each a process, hands messages through."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from html import escape

import aiohttp
from aiohttp import web

from vertenet.errors import ConfigurationError

from .gate import Gate, keep_reader, reader_of
from .proxy import forward, forward_messages
from .session import Session, SessionError
from .settings import Settings

_LOOK_AGAIN_S = 5.0
# What a page may do: nothing is loaded from anywhere else.  Vue compiles its templates
# in the browser, which asks for unsafe-eval.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; "
    "worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'self'; form-action 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
_PAGE = (
    "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>VerteNet</title>"
    "<body style='font:16px/1.5 system-ui,sans-serif;background:#15171a;color:#f2f2f2;"
    "max-width:40em;margin:4em auto;padding:0 1em'><h1>VerteNet</h1><p>{text}</p></body></html>"
)


class Server:
    """The sessions and the doors to them.

    Args:
        settings: what was asked for.
        first: the first reader's process, which loads Slicer already.
    """

    def __init__(self, settings: Settings, first: Session) -> None:
        self._settings = settings
        self._gate = Gate(settings)
        self._sessions: dict[str, Session] = {}
        self._first: Session | None = first
        self._client: aiohttp.ClientSession | None = None

    async def run(self, tell: Callable[[str], None], stop: asyncio.Event) -> None:
        """Listen until ``stop`` is set.

        Args:
            tell: called with the address as soon as it answers.
            stop: set to end.

        Raises:
            ConfigurationError: if the address cannot be listened on.
        """
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            port = await self._listen(runner)
            tell(self.address(port))
            watch = asyncio.ensure_future(self._watch())
            await stop.wait()
            watch.cancel()
        finally:
            await asyncio.gather(*(s.end() for s in self._all()))
            await runner.cleanup()

    def address(self, port: int) -> str:
        """What to open in a browser."""
        host = self._settings.host
        shown = f"[{host}]" if ":" in host else host
        token = "" if self._settings.token is None else f"?token={self._settings.token}"
        return f"http://{shown}:{port}/{token}"

    async def _listen(self, runner: web.AppRunner) -> int:
        site = web.TCPSite(runner, self._settings.host, self._settings.port)
        try:
            await site.start()
        except OSError as error:
            raise ConfigurationError(
                f"Expected to listen on {self._settings.host} port {self._settings.port}, but "
                f"{(error.strerror or str(error)).lower()}. Choose another --port or --host."
            ) from None
        return int(runner.addresses[0][1])

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._guard])
        application.cleanup_ctx.append(self._with_client)
        application.router.add_get("/", self._enter)
        application.router.add_get("/alive", self._alive)
        application.router.add_get("/s/{session}/ws", self._messages)
        application.router.add_post("/s/{session}/paraview/", self._where)
        application.router.add_route("*", "/s/{session}/{path:.*}", self._request)
        return application

    async def _with_client(self, application: web.Application):  # type: ignore[no-untyped-def]
        self._client = aiohttp.ClientSession(auto_decompress=False)
        yield
        await self._client.close()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Callable) -> web.StreamResponse:  # type: ignore[type-arg]
        refusal = self._gate.refusal(request)
        try:
            response = _page(refusal, 403) if refusal else await handler(request)
        except SessionError as error:
            response = _page(str(error), 503)
        except web.HTTPException as error:
            response = error if error.status < 400 else _page(error.reason, error.status)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response  # type: ignore[no-any-return]

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        if self._gate.entering(request):
            response: web.StreamResponse = web.HTTPFound("/")
            self._gate.keep_token(request, response)
            return response
        reader = reader_of(request)
        session = self._left_session(reader)
        if session is None:
            session = self._new_session(reader)
            await session.belong_to(reader)
        session.hand_out()
        response = web.HTTPFound(f"/s/{session.name}/index.html")
        keep_reader(response, reader)
        return response

    async def _alive(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"alive": True})

    async def _where(self, request: web.Request) -> web.StreamResponse:
        """Where the page's messages go; its client asks so before it connects."""
        here = f"ws://USE_HOST/s/{request.match_info['session']}/ws"
        return web.json_response({"sessionURL": here})

    async def _request(self, request: web.Request) -> web.StreamResponse:
        session = self._known(request)
        if session is None:
            # An old tab after the server was started again: a new session offers its edits.
            return web.HTTPFound("/")
        assert self._client is not None
        path = request.rel_url.raw_path.split("/", 3)[3]
        query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
        address = f"{await session.address()}/{path}{query}"
        try:
            return await forward(request, self._client, address, session.headers)
        except aiohttp.ClientError:
            return _page("Expected the viewer to answer, but it ended. Load the page again.", 502)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        session = self._known(request)
        if session is None:
            raise web.HTTPNotFound(reason="This session has ended. Load the page again.")
        assert self._client is not None
        address = f"{await session.address()}/ws"
        session.enter()
        try:
            return await forward_messages(request, self._client, address, session.headers)
        finally:
            session.leave()

    def _known(self, request: web.Request) -> Session | None:
        session = self._sessions.get(request.match_info["session"])
        mine = session is not None and session.reader == reader_of(request)
        return session if session is not None and mine and session.alive else None

    def _left_session(self, reader: str) -> Session | None:
        """A session of the reader whose page was closed: it goes on where it was left."""
        mine = [s for s in self._sessions.values() if s.reader == reader and s.alive and s.free]
        return max(mine, key=lambda s: s.left_at, default=None)

    def _new_session(self, reader: str) -> Session:
        for old in [s for s in self._sessions.values() if not s.alive]:
            del self._sessions[old.name]
        session, self._first = self._first, None
        if session is None or not session.alive:
            if len(self._sessions) >= self._settings.most_sessions:
                raise SessionError(
                    f"Expected at most {self._settings.most_sessions} readers at the same time, "
                    "got one more. Close a page, or start the server with more --sessions."
                )
            session = Session(self._settings)
        session.reader = reader
        self._sessions[session.name] = session
        return session

    def _all(self) -> list[Session]:
        return [*self._sessions.values(), *([self._first] if self._first else [])]

    async def _watch(self) -> None:
        """End the sessions whose pages are gone for long; their edits are kept."""
        while True:
            await asyncio.sleep(_LOOK_AGAIN_S)
            for session in list(self._sessions.values()):
                if not session.alive or session.idle_s > self._settings.idle_s:
                    del self._sessions[session.name]
                    await session.end()


async def serve(settings: Settings, first: Session, tell: Callable[[str], None]) -> None:
    """Listen until the process is interrupted or asked to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(number, stop.set)
    await Server(settings, first).run(tell, stop)


def _page(text: str, status: int) -> web.Response:
    return web.Response(
        text=_PAGE.format(text=escape(text)), status=status, content_type="text/html"
    )
