"""What a client says of the cache, and what it is told; what is never kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.cache.served import ADMIN, ALICE, BOB, Served, config, new_model
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout

PNG_URL = "https://example.com/a.png"


def told(reply: Any) -> tuple[str, str, str]:
    return reply.headers["x-turnout-cache"], reply.headers["x-turnout-attempts"], reply.headers["x-turnout-cost-usd"]


async def test_a_hit_says_so_costs_nothing_and_is_recorded(served: Served) -> None:
    model = new_model("openai")
    first, again = [await served.chat(model, "Hello?") for _ in range(2)]
    assert told(first)[:2] == ("MISS", "1")
    assert told(again) == ("HIT", "0", "0")
    assert int(again.headers["age"]) < 10
    assert again.body == first.body
    assert again.headers["x-turnout-deployment"] == first.headers["x-turnout-deployment"]
    record = (await served.get(f"/v1/requests/{again.headers['x-request-id']}")).json
    (row,) = record["attempts"]
    assert (row["outcome"], row["cost"], row["unpriced"], row["finish"]) == ("cached", 0, False, "stop")
    assert (row["usage"]["input"], row["usage"]["output"]) == (0, 0)
    assert row["saved_usd"] == first.headers["x-turnout-cost-usd"]


async def test_usage_adds_up_what_was_saved(served: Served) -> None:
    model = new_model("openai")
    first, _, _ = [await served.chat(model, "Hello?") for _ in range(3)]
    async with asyncio.timeout(10):
        while True:
            reply = await served.get(f"/v1/usage?model={model}&by=model")
            rows = reply.json["data"]
            if rows and rows[0]["requests"] == 3:
                break
            await asyncio.sleep(0.05)
    (row,) = rows
    assert (row["outcomes"]["ok"], row["outcomes"]["cached"], row["unmetered"]) == (1, 2, 0)
    cost = first.headers["x-turnout-cost-usd"]
    assert row["cost_usd"] == cost
    assert row["saved"] == 2 * row["cost"]


@pytest.mark.parametrize(
    ("headers", "status", "next_status"),
    [
        ({"cache-control": "no-cache"}, "MISS", "HIT"),
        ({"cache-control": "no-store"}, "BYPASS", "HIT"),
        ({"cache-control": "max-age=0"}, "MISS", "HIT"),
        ({"cache-control": "private, max-age=1000"}, "HIT", "HIT"),
        ({"x-turnout-cache": "never"}, "BYPASS", "HIT"),
        ({"x-turnout-cache": "Always"}, "HIT", "HIT"),
    ],
)
async def test_a_request_says_what_it_wants(
    served: Served, headers: dict[str, str], status: str, next_status: str
) -> None:
    model = new_model("openai")
    first = await served.chat(model, "Hello?")
    if "max-age=0" in headers.get("cache-control", ""):
        await asyncio.sleep(0.01)  # the answer has to be older than that
    asked = await served.chat(model, "Hello?", headers=headers)
    after = await served.chat(model, "Hello?")
    assert [r.headers["x-turnout-cache"] for r in (first, asked, after)] == ["MISS", status, next_status]
    newest = asked if status == "MISS" else first
    assert after.body == newest.body, "a new answer takes the place of the one before"


async def test_an_unknown_word_is_refused(served: Served) -> None:
    reply = await served.chat(new_model("openai"), "Hello?", headers={"x-turnout-cache": "yes"})
    assert (reply.status, reply.json["error"]["message"]) == (
        400,
        "Expected deterministic, always or never in the header x-turnout-cache.",
    )


async def test_a_sampled_answer_is_kept_only_where_somebody_says_so(served: Served) -> None:
    model = new_model("openai")

    async def statuses(model: str, **headers: str) -> list[str]:
        body = {"model": model, "messages": [{"role": "user", "content": f"Roll {headers}"}]}
        replies = [await served.post("/v1/chat/completions", body, headers=headers) for _ in range(2)]
        return [reply.headers["x-turnout-cache"] for reply in replies]

    assert await statuses(model) == ["BYPASS", "BYPASS"]
    assert await statuses(model, **{"x-turnout-cache": "always"}) == ["MISS", "HIT"]
    assert await statuses("sampled") == ["MISS", "HIT"]
    assert await statuses("never", **{"x-turnout-cache": "always"}) == ["BYPASS", "BYPASS"]


USER = {"role": "user", "content": "Hello?"}
CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
NEVER: dict[str, tuple[str, str, dict[str, Any]]] = {
    "stored": ("openai", CHAT, {"messages": [USER], "store": True}),
    "a response": ("openai", RESPONSES, {"input": "Hello?"}),
    "a stored prompt": ("openai", RESPONSES, {"input": "Hello?", "store": False, "prompt": {"id": "p1"}}),
    "a web search": ("openai", CHAT, {"messages": [USER], "web_search_options": {}}),
    "a hosted tool": ("openai", RESPONSES, {"input": "x", "store": False, "tools": [{"type": "web_search"}]}),
    "an image by its address": (
        "openai",
        CHAT,
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG_URL}}]}]},
    ),
    "a file of Anthropic's": (
        "anthropic",
        MESSAGES,
        {
            "max_tokens": 9,
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Read."},
                        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
                    ],
                }
            ],
        },
    ),
    "an image that was uploaded": (
        "openai",
        RESPONSES,
        {
            "store": False,
            "input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file_1", "detail": "low"}]}],
        },
    ),
    "many choices": ("openai", CHAT, {"messages": [USER], "temperature": 1, "n": 2}),
}


@pytest.mark.parametrize(("provider", "path", "body"), NEVER.values(), ids=NEVER)
async def test_what_depends_on_more_than_the_request_is_never_kept(
    served: Served, provider: str, path: str, body: dict[str, Any]
) -> None:
    body = {"model": new_model(provider), "temperature": 0} | body
    for _ in range(2):
        reply = await served.post(path, body, headers={"x-turnout-cache": "always"})
        assert (reply.status, reply.headers.get("x-turnout-cache")) == (200, "BYPASS"), reply.body


@pytest.mark.parametrize("script", ["cut-stream-after-2", "blocked", "status-500", "error-after-2", "no-end"])
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_an_answer_that_is_not_whole_is_not_kept(served: Served, script: str, stream: bool) -> None:
    model = new_model("openai", script)
    for asked in (1, 2):
        reply = await served.chat(model, "Hello?", stream=stream)
        assert reply.headers.get("x-turnout-cache", "MISS") == "MISS"
        assert await served.attempts(model) == asked


async def test_an_answer_that_another_deployment_went_on_with_is_not_kept(served: Served) -> None:
    for _ in range(2):
        reply = await served.chat("continued", "Count to ten, please.", stream=True)
        assert (reply.status, reply.headers["x-turnout-cache"]) == (200, "MISS")
        assert b"goes on" in reply.body


async def test_a_response_that_is_not_stored_is_kept(served: Served) -> None:
    body = {"model": new_model("openai"), "input": "Hello?", "temperature": 0, "store": False}
    first, again = [await served.post(RESPONSES, body) for _ in range(2)]
    assert (again.headers["x-turnout-cache"], again.body) == ("HIT", first.body)


async def test_another_key_gets_nothing(served: Served) -> None:
    model = new_model("openai")
    statuses = [
        (await served.chat(model, "Hello?", key)).headers["x-turnout-cache"] for key in (ALICE, BOB, ALICE, BOB)
    ]
    assert statuses == ["MISS", "MISS", "HIT", "HIT"]


async def test_a_team_shares_and_who_has_none_does_not(simulator: Simulator, start_turnout: StartTurnout) -> None:
    served = Served(start_turnout(config(simulator, share="team")), simulator)
    model = new_model("openai")
    statuses = [
        (await served.chat(model, "Hello?", key)).headers["x-turnout-cache"] for key in (ALICE, BOB, ADMIN, ADMIN)
    ]
    assert statuses == ["MISS", "HIT", "MISS", "HIT"]


async def test_an_answer_is_kept_for_its_time(simulator: Simulator, start_turnout: StartTurnout) -> None:
    served = Served(start_turnout(config(simulator, ttl=0.2)), simulator)
    model = new_model("openai")
    assert (await served.chat(model, "Hello?")).headers["x-turnout-cache"] == "MISS"
    await asyncio.sleep(0.3)  # time is what is tested
    assert (await served.chat(model, "Hello?")).headers["x-turnout-cache"] == "MISS"
    assert await served.attempts(model) == 2


async def test_a_long_question_is_found_too(served: Served) -> None:
    """It is read in a thread."""
    model, prompt = new_model("openai", "words-5"), "word " * 60_000
    replies = [await served.chat(model, prompt + end) for end in ("a", "a", "b")]
    assert [reply.headers["x-turnout-cache"] for reply in replies] == ["MISS", "HIT", "MISS"]
    assert replies[1].body == replies[0].body


async def test_a_streams_frames_come_again_as_they_were(served: Served) -> None:
    model = new_model("openai")
    ask: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    first, again = [await served.chat(model, "Hello?", **ask) for _ in range(2)]
    assert again.body == first.body
    assert again.headers["x-turnout-cache"] == "HIT"
    whole = await served.chat(model, "Hello?")
    assert whole.headers["x-turnout-cache"] == "HIT"
    assert whole.json["choices"][0]["message"]["content"] == "You said: Hello?"
