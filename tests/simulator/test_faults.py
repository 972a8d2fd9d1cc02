"""Every fault of the language on every wire, seen at the socket."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import pytest

from tests.simulator.raw import PATIENCE, SILENCE, Reply, ask, send
from turnout.simulator import Simulator

PROMPT = "één twee 🚂"  # answered with five words: You said: één twee 🚂
MESSAGES = [{"role": "user", "content": PROMPT}]


class Wire(msgspec.Struct):
    """A request on a wire. ``{}`` in ``path`` is the model's place; the fault is in the header if there is no model.

    ``end`` is in the last event of its streams only. ``event_end`` ends each event.
    """

    path: str
    body: dict[str, Any]
    end: bytes
    event_end: bytes = b"\n\n"
    headers: dict[str, str] = {}
    unary_path: str = ""
    media_type: str = "text/event-stream"


WIRES = {
    "openai": Wire("/v1/chat/completions", {"model": "", "messages": MESSAGES}, b'"finish_reason":"stop"'),
    "azure": Wire("/openai/deployments/{}/chat/completions?api-version=1", {"messages": MESSAGES}, b"[DONE]"),
    "anthropic": Wire(
        "/v1/messages",
        {"model": "", "max_tokens": 99, "messages": MESSAGES},
        b'"stop_reason":"end_turn"',
        headers={"anthropic-version": "2023-06-01"},
        media_type="text/event-stream; charset=utf-8",
    ),
    "gemini": Wire(
        "/v1beta/models/{}:streamGenerateContent?alt=sse",
        {"contents": [{"parts": [{"text": PROMPT}]}]},
        b"finishReason",
        event_end=b"\r\n\r\n",
        unary_path="/v1beta/models/{}:generateContent",
    ),
    "ollama": Wire(
        "/api/chat",
        {"model": "", "messages": MESSAGES},
        b'"done":true',
        event_end=b"\n",
        media_type="application/x-ndjson",
    ),
    "llamacpp": Wire("/completion", {"prompt": PROMPT}, b'"stop":true'),
    "vllm": Wire("/generate", {"prompt": PROMPT}, b"there is none", event_end=b"\n", media_type=""),
}
MESSAGE = "The simulator was told to fail."
ERRORS: dict[str, dict[str, Any]] = {
    "openai": {"error": {"message": MESSAGE, "type": "server_error", "param": None, "code": None}},
    "azure": {"error": {"message": MESSAGE, "code": "500"}},
    "anthropic": {"type": "error", "error": {"type": "api_error", "message": MESSAGE}},
    "gemini": {"error": {"code": 500, "message": MESSAGE, "status": "INTERNAL"}},
    "ollama": {"error": MESSAGE},
    "llamacpp": {"error": {"code": 500, "message": MESSAGE, "type": "server_error"}},
    "vllm": {"detail": MESSAGE},
}

wires = pytest.mark.parametrize("wire", WIRES)
some_wires = pytest.mark.parametrize("wire", ["openai", "gemini", "llamacpp"])  # where the wire makes no difference
both = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])


def request_for(wire: str, words: str, stream: bool) -> tuple[str, dict[str, Any], Mapping[str, str]]:
    """Path, body and headers of a request on ``wire`` with the fault ``words``."""
    request = WIRES[wire]
    path = request.path if stream else request.unary_path or request.path
    body = dict(request.body) if request.unary_path else {**request.body, "stream": stream}
    headers = dict(request.headers)
    if "model" in body:
        body["model"] = f"sim-{words}"
    elif "{}" in path:
        path = path.format(f"sim-{words}")
    else:
        headers["x-simulate"] = words
    return path, body, headers


async def reply_to(simulated: Simulator, wire: str, words: str, *, stream: bool = True) -> Reply:
    path, body, headers = request_for(wire, words, stream)
    patience = SILENCE if words.startswith(("stall", "no-reply")) else PATIENCE
    return await ask(simulated.url + path, body, headers, patience=patience)


def events(reply: Reply, wire: str) -> list[bytes]:
    """The data of each whole event."""
    whole = reply.body.split(WIRES[wire].event_end)[:-1]
    return [event.rpartition(b"data: ")[2] for event in whole if b"[DONE]" not in event]


def is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


# --- in the middle of a stream ---------------------------------------------------------------------------


@wires
async def test_without_a_fault_a_stream_is_whole(simulated: Simulator, wire: str) -> None:
    reply = await reply_to(simulated, wire, "id-whole")
    assert (reply.status, reply.end) == (200, "complete")
    assert reply.headers.get("content-type", "") == WIRES[wire].media_type
    assert reply.body.endswith(WIRES[wire].event_end)
    assert "🚂".encode() in reply.body
    assert wire == "vllm" or WIRES[wire].end in reply.body


@wires
@pytest.mark.parametrize(
    ("words", "end"),
    [
        pytest.param("cut-stream-after-2", "closed", id="cut-stream"),
        pytest.param("reset-after-2", "reset", id="reset"),
        pytest.param("end-after-2", "complete", id="end"),
        pytest.param("stall-after-2", "silent", id="stall"),
    ],
)
async def test_a_stream_stops_after_two_words(simulated: Simulator, wire: str, words: str, end: str) -> None:
    reply = await reply_to(simulated, wire, words)
    assert (reply.status, reply.end) == (200, end)
    assert all(is_json(event) for event in events(reply, wire))
    assert reply.body.endswith(WIRES[wire].event_end)
    assert b" said:" in events(reply, wire)[-1]
    assert WIRES[wire].end not in reply.body


@wires
async def test_a_stream_is_cut_inside_an_event(simulated: Simulator, wire: str) -> None:
    reply = await reply_to(simulated, wire, "cut-event-after-2")
    assert reply.end == "closed"
    assert b" said:" in events(reply, wire)[-1]
    rest = reply.body.rpartition(WIRES[wire].event_end)[2]
    assert rest
    assert not is_json(rest.rpartition(b"data: ")[2])


@wires
async def test_one_event_is_not_json(simulated: Simulator, wire: str) -> None:
    reply = await reply_to(simulated, wire, "malformed-after-2")
    assert reply.end == "complete"
    assert [is_json(event) for event in events(reply, wire)].count(False) == 1
    assert "🚂".encode() in reply.body
    assert wire == "vllm" or WIRES[wire].end in reply.body


@wires
async def test_two_events_in_a_row_are_not_json(simulated: Simulator, wire: str) -> None:
    reply = await reply_to(simulated, wire, "malformed-after-2-twice")
    assert [is_json(event) for event in events(reply, wire)].count(False) == 2


@wires
async def test_a_web_page_comes_in_place_of_the_rest(simulated: Simulator, wire: str) -> None:
    reply = await reply_to(simulated, wire, "html-after-2")
    assert reply.end == "complete"
    assert reply.body.endswith(b"</html>\n")
    assert b" said:" in reply.body
    assert b"een" not in reply.body


@wires
async def test_an_answer_without_its_terminator_has_its_finish(simulated: Simulator, wire: str) -> None:
    reply = await reply_to(simulated, wire, "no-terminator")
    assert reply.end == "complete"
    assert "🚂".encode() in reply.body
    assert not [mark for mark in (b"[DONE]", b"message_stop") if mark in reply.body]
    assert wire in ("vllm", "azure") or WIRES[wire].end in reply.body


@wires
async def test_faults_strike_at_every_event(simulated: Simulator, wire: str) -> None:
    """Opening and ending ones count, and after the last one only HTTP's own end is missing."""
    whole = (await reply_to(simulated, wire, "words-2")).chunks
    for at in range(len(whole) + 1):
        reply = await reply_to(simulated, wire, f"words-2-cut-stream-at-{at}")
        assert (reply.end, len(reply.chunks)) == ("closed", at)


@some_wires
@pytest.mark.parametrize(("fault", "end"), [("cut-stream", "closed"), ("end", "complete")])
async def test_faults_strike_at_any_byte(simulated: Simulator, wire: str, fault: str, end: str) -> None:
    length = len((await reply_to(simulated, wire, "words-1")).body)
    for at in (0, 1, 77, length - 1):
        reply = await reply_to(simulated, wire, f"words-1-{fault}-byte-{at}")
        assert (reply.end, len(reply.body)) == (end, at)


@pytest.mark.parametrize("wire", ["openai", "anthropic", "gemini"])
async def test_a_stream_that_stalls_may_show_that_it_is_alive(simulated: Simulator, wire: str) -> None:
    path, body, headers = request_for(wire, "stall-after-2-pings-10", stream=True)
    reader, writer = await send(simulated.url + path, body, headers)
    async with asyncio.timeout(PATIENCE):
        await reader.readuntil(b" said:")
        await reader.readuntil(b": ping\n")
        await reader.readuntil(b": ping\n")
    writer.close()


@pytest.mark.parametrize("wire", ["ollama", "vllm"])
async def test_a_wire_without_a_sign_of_life_is_silent(simulated: Simulator, wire: str) -> None:
    assert (await reply_to(simulated, wire, "stall-after-2-pings-10")).end == "silent"


@wires
async def test_a_chunk_has_no_size(simulated: Simulator, wire: str) -> None:
    reply = await reply_to(simulated, wire, "bad-chunk-after-2")
    assert reply.end == "closed"
    assert b"\r\nsize?\r\n" in reply.raw


@wires
async def test_an_error_event_comes_in_the_vendors_shape(simulated: Simulator, wire: str) -> None:
    reply = await reply_to(simulated, wire, "error-after-2")
    assert (reply.status, reply.end) == (200, "complete")
    assert b" said:" in events(reply, wire)[-2]
    assert json.loads(events(reply, wire)[-1]) == ERRORS[wire]


@wires
async def test_all_is_said_but_the_end_is_missing(simulated: Simulator, wire: str) -> None:
    reply = await reply_to(simulated, wire, "no-end")
    assert reply.end == "complete"
    assert "🚂".encode() in events(reply, wire)[-1] or wire == "anthropic"
    assert WIRES[wire].end not in reply.body
    assert b"[DONE]" not in reply.body
    assert b"message_stop" not in reply.body


@wires
@pytest.mark.parametrize("size", [1, 3])
async def test_bytes_are_cut_anywhere(simulated: Simulator, wire: str, size: int) -> None:
    reply = await reply_to(simulated, wire, f"split-{size}")
    assert reply.end == "complete"
    assert {len(chunk) for chunk in reply.chunks} <= set(range(1, size + 1))
    assert any(not _is_utf8(chunk) for chunk in reply.chunks)
    assert all(is_json(event) for event in events(reply, wire))
    if wire == "gemini" and size == 1:
        assert reply.chunks[-4:] == [b"\r", b"\n", b"\r", b"\n"]


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


async def test_split_bytes_are_written_apart(simulated: Simulator) -> None:
    reply = await reply_to(simulated, "openai", "split-1-words-1")
    assert len(reply.reads) > 20, "what is written apart must not arrive as one piece"


@pytest.mark.parametrize("after", [0, 1, 4])
async def test_after_counts_content_alike_on_every_wire(fresh: Simulator, after: int) -> None:
    for wire in WIRES:
        await reply_to(fresh, wire, f"cut-stream-after-{after}")
    assert [attempt.tokens_out for attempt in fresh.attempts] == [after] * len(WIRES)


async def test_a_fault_later_than_the_answer_strikes_before_its_end(simulated: Simulator) -> None:
    reply = await reply_to(simulated, "openai", "cut-stream-after-99")
    assert reply.end == "closed"
    assert "🚂".encode() in events(reply, "openai")[-1]
    assert WIRES["openai"].end not in reply.body


# --- in the middle of a unary answer ---------------------------------------------------------------------


@some_wires
@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("cut-stream", "closed"),
        ("cut-event", "closed"),
        ("reset-after-1", "reset"),
        ("end", "complete"),
        ("stall", "silent"),
        ("malformed", "complete"),
        ("bad-chunk", "closed"),
        ("no-end", "complete"),
    ],
)
async def test_a_unary_body_breaks_in_its_middle(simulated: Simulator, wire: str, words: str, end: str) -> None:
    reply = await reply_to(simulated, wire, words, stream=False)
    assert (reply.status, reply.end) == (200, end)
    assert reply.body
    assert not is_json(reply.body)


@wires
async def test_a_unary_error_hides_under_status_200(simulated: Simulator, wire: str) -> None:
    reply = await reply_to(simulated, wire, "error", stream=False)
    assert reply.status == 200
    assert reply.json == ERRORS[wire]


async def test_a_unary_body_is_split_too(simulated: Simulator) -> None:
    reply = await reply_to(simulated, "openai", "split-1", stream=False)
    assert {len(chunk) for chunk in reply.chunks} == {1}
    assert reply.json["choices"][0]["message"]["content"] == f"You said: {PROMPT}"


# --- before the answer -----------------------------------------------------------------------------------


@some_wires
@both
@pytest.mark.parametrize(("words", "end"), [("reset", "reset"), ("no-reply", "silent")])
async def test_nothing_is_answered(simulated: Simulator, wire: str, stream: bool, words: str, end: str) -> None:
    reply = await reply_to(simulated, wire, words, stream=stream)
    assert (reply.raw, reply.end) == (b"", end)


@wires
@both
async def test_a_status_says_when_to_retry_in_seconds(simulated: Simulator, wire: str, stream: bool) -> None:
    reply = await reply_to(simulated, wire, "status-429-retry-2", stream=stream)
    assert (reply.status, reply.end) == (429, "complete")
    assert reply.headers["retry-after"] == "2"
    assert reply.headers["content-type"] == "application/json"


async def test_a_status_says_when_to_retry_as_a_date(simulated: Simulator) -> None:
    before = time.time()
    reply = await reply_to(simulated, "openai", "status-503-retry-date-30")
    date = parsedate_to_datetime(reply.headers["retry-after"])
    assert reply.headers["retry-after"].endswith(" GMT")
    assert 30 <= date.timestamp() - before <= 32


async def test_a_status_says_when_to_retry_in_milliseconds(simulated: Simulator) -> None:
    reply = await reply_to(simulated, "azure", "status-429-retry-ms-300")
    assert (reply.headers["retry-after-ms"], "retry-after" in reply.headers) == ("300", False)


@wires
@both
async def test_an_error_hides_under_status_200(simulated: Simulator, wire: str, stream: bool) -> None:
    reply = await reply_to(simulated, wire, "error-body", stream=stream)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json == ERRORS[wire]


@some_wires
@both
async def test_a_web_page_hides_under_status_200(simulated: Simulator, wire: str, stream: bool) -> None:
    reply = await reply_to(simulated, wire, "html", stream=stream)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html")
    assert reply.body.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("wire", "words"),
    [("openai", "usage policy"), ("azure", "content management policy"), ("anthropic", "content filtering policy")],
)
async def test_a_content_policy_forbids_a_prompt(simulated: Simulator, wire: str, words: str) -> None:
    reply = await reply_to(simulated, wire, "blocked", stream=False)
    assert reply.status == 400
    assert words in reply.json["error"]["message"]


async def test_a_vendor_without_a_policy_forbids_nothing(simulated: Simulator) -> None:
    reply = await reply_to(simulated, "ollama", "blocked", stream=False)
    assert reply.json["error"] == "The simulator knows no error of a content policy of 'ollama'."


async def test_faults_come_and_go_with_time(simulated: Simulator) -> None:
    """Counted from the first attempt."""
    words = "status-503-down-0-150-id-comesgoes"
    assert (await reply_to(simulated, "openai", words)).status == 503
    await asyncio.sleep(0.2)
    assert (await reply_to(simulated, "openai", words)).status == 200


async def test_a_status_alone_says_nothing_of_retrying(simulated: Simulator) -> None:
    reply = await reply_to(simulated, "openai", "status-503")
    assert "retry-after" not in reply.headers


async def test_a_connection_serves_on_after_an_error(simulated: Simulator) -> None:
    path, body, headers = request_for("openai", "status-500", stream=False)
    data = json.dumps(body).encode()
    reader, writer = await send(simulated.url + path, data, headers)
    assert b"500" in await reader.readline()
    writer.write(b"GET /v1/models HTTP/1.1\r\nhost: simulator\r\n\r\n")
    assert b"sim-tools" in await reader.readuntil(b"sim-tools")
    writer.close()


# --- latencies -------------------------------------------------------------------------------------------


async def arrivals(simulated: Simulator, words: str) -> tuple[float, list[float]]:
    """Seconds until the headers, and until each word after them."""
    path, body, headers = request_for("openai", words, stream=True)
    reader, writer = await send(simulated.url + path, body, headers)
    start, times = time.monotonic(), []
    await reader.readuntil(b"\r\n\r\n")
    head = time.monotonic() - start
    for word in (b'"You"', b'" said:"'):
        await reader.readuntil(word)
        times.append(time.monotonic() - start)
    writer.close()
    return head, times


@pytest.mark.parametrize(
    ("words", "head", "first", "second"),
    [
        pytest.param("id-quick", 0, 0, 0, id="none"),
        pytest.param("slow-headers-250", 0.25, 0.25, 0.25, id="headers"),
        pytest.param("slow-first-250", 0, 0.25, 0.25, id="first"),
        pytest.param("slow-between-250", 0, 0, 0.25, id="between"),
        pytest.param("slow-first-120-slow-between-130", 0, 0.12, 0.25, id="first and between"),
    ],
)
async def test_latencies_are_where_they_were_asked_for(
    simulated: Simulator, words: str, head: float, first: float, second: float
) -> None:
    """Words never come too early. They come in time in the best of three tries, as a busy machine adds pauses."""
    runs = []
    for _ in range(3):
        at_head, times = await arrivals(simulated, words)
        runs.append((at_head, times[0], times[1]))
    for expected, *took in zip((head, first, second), *runs, strict=True):
        assert expected <= min(took) + 0.002
        assert min(took) < expected + 0.24
