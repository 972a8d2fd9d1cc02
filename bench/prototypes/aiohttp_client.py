"""A bare proxy with aiohttp's client."""

from __future__ import annotations

import sys

import aiohttp
from yarl import URL

from bench.prototypes.server import serve

URL_ = URL(f"{sys.argv[2]}/chat/completions")
HEADERS = {"content-type": "application/json", "authorization": "Bearer x"}
sessions: list[aiohttp.ClientSession] = []


async def ask(body: bytes) -> bytes:
    if not sessions:  # needs the running loop
        connector = aiohttp.TCPConnector(limit=0)
        sessions.append(aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()))
    async with sessions[0].post(URL_, data=body, headers=HEADERS) as reply:
        return await reply.read()


serve(int(sys.argv[1]), ask)
