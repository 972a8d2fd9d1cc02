"""The server itself: pages of local servers, special cases of HTTP, its own process, and many streams at once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.simulator.raw import PATIENCE, SILENCE, Reply, ask, send
from turnout import simulator
from turnout.simulator import Simulator, connection

CHAT = "/v1/chat/completions"


def body(model: str = "sim", text: str = "hi", *, stream: bool = False) -> dict[str, object]:
    return {"model": model, "stream": stream, "messages": [{"role": "user", "content": text}]}


# --- llama.cpp's and vLLM's own pages ------------------------------------------------------------------------


async def test_llamacpps_completion_tells_how_it_stopped(simulated: Simulator) -> None:
    reply = await ask(f"{simulated.url}/completion", {"prompt": "one two", "n_predict": 3})
    completion = reply.json
    assert (completion["content"], completion["stop"], completion["stop_type"], completion["truncated"]) == (
        "You said: one",
        True,
        "limit",
        False,
    )
    assert (completion["tokens_evaluated"], completion["tokens_predicted"]) == (2, 3)


@pytest.mark.parametrize(
    ("more", "content", "stop_type", "word"),
    [({}, "You said: one two", "eos", ""), ({"stop": [" two"]}, "You said: one", "word", " two")],
    ids=["end", "stop word"],
)
async def test_llamacpps_stream_has_no_done(
    simulated: Simulator, more: dict[str, object], content: str, stop_type: str, word: str
) -> None:
    reply = await ask(f"{simulated.url}/completion", {"prompt": "one two", "stream": True, **more})
    assert "".join(event["content"] for event in reply.events) == content
    assert [event["stop"] for event in reply.events] == [False] * (len(reply.events) - 1) + [True]
    assert (reply.events[-1]["stop_type"], reply.events[-1]["stopping_word"]) == (stop_type, word)
    assert b"[DONE]" not in reply.body


async def test_vllms_generate_repeats_the_prompt(simulated: Simulator) -> None:
    reply = await ask(f"{simulated.url}/generate", {"prompt": "one two"})
    assert reply.json == {"text": ["one twoYou said: one two"]}
    stream = await ask(f"{simulated.url}/generate", {"prompt": "one two", "stream": True, "max_tokens": 2})
    assert stream.body.splitlines() == [b'{"text":["one twoYou"]}', b'{"text":["one twoYou said:"]}']


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/health", b'{"status":"ok"}'),
        ("/llamacpp/health", b'{"status":"ok"}'),
        ("/vllm/health", b""),
        ("/ping", b""),
        ("/version", b'{"version":"0.25.2"}'),
        ("/vllm/version", b'{"version":"0.25.2"}'),
    ],
)
async def test_health_and_version(simulated: Simulator, path: str, body: bytes) -> None:
    reply = await ask(simulated.url + path)
    assert (reply.status, reply.body) == (200, body)


# --- HTTP's corners ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        pytest.param("/nowhere", b"{}", 404, id="unknown path"),
        pytest.param(CHAT, b"{", 400, id="no JSON"),
        pytest.param(CHAT, b'{"messages":"\xff"}', 400, id="no UTF-8"),
        pytest.param(CHAT, b'{"model":5,"messages":[]}', 400, id="wrong type"),
        pytest.param(CHAT, b'{"messages":[{"role":"user","content":"x"}]}', 400, id="no model"),
        pytest.param("/v1beta/models/sim:streamGenerateContent", b"{}", 400, id="gemini without alt=sse"),
        pytest.param("/api/chat", b"[]", 400, id="no object"),
    ],
)
async def test_bad_requests_are_refused(simulated: Simulator, path: str, data: bytes, status: int) -> None:
    reply = await ask(simulated.url + path, data)
    assert (reply.status, reply.end) == (status, "complete")


async def test_what_is_not_http_is_refused(simulated: Simulator) -> None:
    host, port = simulated.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"hello there\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400")
    writer.close()


@pytest.mark.parametrize(
    ("size", "bound"),
    [pytest.param(3000, "MAX_HEADERS", id="headers"), pytest.param(3000, "MAX_BODY", id="body")],
)
async def test_requests_are_bounded(
    simulated: Simulator, monkeypatch: pytest.MonkeyPatch, size: int, bound: str
) -> None:
    monkeypatch.setattr(connection, bound, 1000)
    header = {"x-long": "x" * size} if bound == "MAX_HEADERS" else {}
    data = b"x" * size if bound == "MAX_BODY" else b""
    assert (await ask(simulated.url + CHAT, data, header)).reads == []


async def test_requests_on_one_connection_are_answered_in_order(simulated: Simulator) -> None:
    """The second request comes before the first is answered."""
    reader, writer = await send(simulated.url + CHAT, body("sim-slow-headers-50", "first"))
    _, extra = await send(simulated.url + CHAT, body())
    extra.close()
    data = b'{"model":"sim","messages":[{"role":"user","content":"second"}]}'
    writer.write(
        b"POST %b HTTP/1.1\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (CHAT.encode(), len(data), data)
    )
    raw = await asyncio.wait_for(reader.read(), 2)
    assert 0 < raw.index(b"You said: first") < raw.index(b"You said: second")
    writer.close()


async def test_a_client_may_wait_for_100_continue(simulated: Simulator) -> None:
    reader, writer = await send(simulated.url + CHAT, body(), {"expect": "100-continue"})
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    writer.close()


# --- the process ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``run`` as the command line uses it, on its own event loop, and its URL."""
    program = "from turnout import simulator; simulator.run(port=0, on_ready=lambda url: print(url, flush=True))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        yield started, started.stdout.readline().strip()
        started.send_signal(signal.SIGTERM)
        assert started.wait(5) == 0


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("id-plain", "complete"),
        ("reset", "reset"),
        ("reset-after-2", "reset"),
        ("cut-event-after-2", "closed"),
        ("stall", "silent"),
        ("split-1-words-1", "complete"),
    ],
)
async def test_faults_show_from_another_process_too(
    process: tuple[subprocess.Popen[str], str], words: str, end: str
) -> None:
    patience = SILENCE if end == "silent" else PATIENCE
    assert (await ask(process[1] + CHAT, body(f"sim-{words}", stream=True), patience=patience)).end == end


LIMITED = """
import resource
from turnout import simulator

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
simulator.run(port=0, on_ready=lambda _: print(resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard), flush=True))
"""


def test_a_process_of_its_own_has_as_many_connections_as_the_system_allows() -> None:
    with subprocess.Popen([sys.executable, "-c", LIMITED], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        has_all = started.stdout.readline()
        started.send_signal(signal.SIGTERM)
    assert has_all == "True\n"


async def test_the_server_has_its_own_latencies() -> None:
    async with simulator.start(first_token=0.05, between_tokens=0.05) as slow:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await ask(slow.url + CHAT, body(stream=True))
        assert loop.time() - start >= 0.15 - 0.002


async def test_stopping_the_server_ends_its_streams() -> None:
    async with simulator.start() as stopped:
        reader, _ = await send(stopped.url + CHAT, body("sim-stall", stream=True))
        await reader.readuntil(b'"You"')
    assert stopped.attempts[-1].outcome == "cut"
    with pytest.raises(ConnectionRefusedError):
        await ask(stopped.url + CHAT, body())


async def test_many_streams_at_once(fresh: Simulator) -> None:
    """500 streams are open at the same time, and each is answered in full."""
    replies = await asyncio.gather(
        *(ask(fresh.url + CHAT, body("sim-words-4-slow-first-100", stream=True)) for _ in range(500))
    )
    assert {reply.end for reply in replies} == {"complete"}
    assert {"".join(_words(reply)) for reply in replies} == {"word1 word2 word3 word4"}
    assert sum(attempt.tokens_out for attempt in fresh.attempts) == 2000
    last_began = max(attempt.started for attempt in fresh.attempts)
    assert min(attempt.ended or 0 for attempt in fresh.attempts) > last_began


def _words(reply: Reply) -> list[str]:
    return [choice["delta"].get("content", "") for event in reply.events for choice in event["choices"]]
