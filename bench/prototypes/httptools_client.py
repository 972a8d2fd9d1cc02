"""The same bare proxy with Turnout's own transport."""

from __future__ import annotations

import sys

from bench.prototypes.server import serve
from turnout.core import WireRequest
from turnout.transport import Transport

URL = f"{sys.argv[2]}/chat/completions"
HEADERS = {"content-type": "application/json", "authorization": "Bearer x"}
transports: list[Transport] = []


async def ask(body: bytes) -> bytes:
    if not transports:  # needs the running loop
        transports.append(Transport())
    reply = await transports[0].send(WireRequest(URL, HEADERS, body), connect_timeout=5)
    answer = await reply.read_all(1 << 20)
    reply.release()
    return answer


serve(int(sys.argv[1]), ask)
