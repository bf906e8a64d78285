"""Requests and messages between a browser and its reader's process."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import aiohttp
from aiohttp import web

from .settings import LARGEST_UPLOAD

#: A message of the page is small: a mouse event, a changed field.
_LARGEST_MESSAGE = 4 * 1024**2
_NOT_FORWARDED = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
    *("trailers", "transfer-encoding", "upgrade", "host", "content-length", "cookie"),
    *("accept-encoding", "set-cookie", "x-vertenet-secret", "server", "date"),
}


async def forward(
    request: web.Request, client: aiohttp.ClientSession, address: str, headers: dict[str, str]
) -> web.StreamResponse:
    """Ask the process what the browser asked, and hand the answer back as it comes."""
    kept = {k: v for k, v in request.headers.items() if k.lower() not in _NOT_FORWARDED}
    if (request.content_length or 0) > LARGEST_UPLOAD:
        raise web.HTTPRequestEntityTooLarge(LARGEST_UPLOAD, request.content_length or 0)
    async with client.request(
        request.method,
        address,
        headers={**kept, **headers},
        data=request.content if request.can_read_body else None,
        allow_redirects=False,
    ) as answer:
        passed = {k: v for k, v in answer.headers.items() if k.lower() not in _NOT_FORWARDED}
        response = web.StreamResponse(status=answer.status, headers=passed)
        await response.prepare(request)
        async for chunk in answer.content.iter_chunked(64 * 1024):
            await response.write(chunk)
        await response.write_eof()
        return response


async def forward_messages(
    request: web.Request, client: aiohttp.ClientSession, address: str, headers: dict[str, str]
) -> web.WebSocketResponse:
    """Connect the page's web socket with the process's, until either is closed."""
    page = web.WebSocketResponse(max_msg_size=_LARGEST_MESSAGE, compress=False, heartbeat=20)
    await page.prepare(request)
    try:
        async with client.ws_connect(address, headers=headers, max_msg_size=0, compress=0) as inner:
            both = [
                asyncio.ensure_future(_pump(page, inner)),
                asyncio.ensure_future(_pump(inner, page)),
            ]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
    except aiohttp.ClientError:
        pass  # the process ended: the page is told by the closed socket
    await page.close()
    return page


_Socket: TypeAlias = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pump(source: _Socket, target: _Socket) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await target.send_bytes(message.data)
        else:
            return
