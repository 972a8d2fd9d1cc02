"""A document at an address reaches a provider that takes only data, and one inside the network reaches nobody."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import httpx

from tests.support.raw_upstream import RawUpstream, ok, replying
from tests.support.turnout_server import StartTurnout

PDF = b"%PDF-1.7 the document"
COMPLETION = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "read"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1},
}


async def asked(url: str, document: str) -> httpx.Response:
    """Anthropic's client asks about a document."""
    block: dict[str, Any] = {"type": "document", "source": {"type": "url", "url": document}}
    body = {"model": "fast", "max_tokens": 9, "messages": [{"role": "user", "content": [block]}]}
    async with httpx.AsyncClient() as client:
        return await client.post(f"{url}/v1/messages", json=body)


async def test_a_document_at_an_address(start_turnout: StartTurnout) -> None:
    answer = ok(json.dumps(COMPLETION).encode(), "content-type: application/json")
    async with RawUpstream(replying(answer)) as provider, RawUpstream(replying(ok(PDF))) as web:
        deployment = {"provider": "compatible", "base_url": f"{provider.origin}/v1", "model": "m", "api_key": "k"}
        config = {"media": {"private_hosts": ["localhost"]}, "models": {"fast": {"deployments": [deployment]}}}
        turnout = start_turnout(config)

        reply = await asked(turnout.url, f"http://localhost:{web.port}/a.pdf")
        assert reply.json()["content"][0]["text"] == "read"
        sent = json.loads(provider.requests[0].partition(b"\r\n\r\n")[2])
        data = f"data:application/pdf;base64,{b64encode(PDF).decode()}"
        assert sent["messages"][0]["content"] == [{"type": "file", "file": {"file_data": data}}]

        refused = await asked(turnout.url, f"http://127.0.0.1:{web.port}/a.pdf")
        assert refused.status_code == 400
        assert "messages[0].content[0]" in refused.json()["error"]["message"]
        assert "no public address" in refused.json()["error"]["message"]
        assert len(web.requests) == 1
        assert len(provider.requests) == 1
