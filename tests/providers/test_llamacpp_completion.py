"""llama.cpp's own ``/completion`` as upstream of its own clients."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.failures import bare
from tests.support.relaying import relay_of
from turnout.core import (
    ChatRequest,
    Defaults,
    Deployment,
    Failure,
    Finish,
    PartStart,
    Relayed,
    Start,
    StreamEvent,
    Text,
    Traits,
    Usage,
    UsageSoFar,
    fold,
)
from turnout.dialects import endpoint_at
from turnout.errors import UpstreamBroken
from turnout.providers import Operation, WireProvider, registry


def asked(**fields: Any) -> ChatRequest:
    request: ChatRequest = endpoint_at("/completion").parse(json.dumps({"prompt": "hi", **fields}).encode())
    return request


def operation(request: ChatRequest) -> Operation[ChatRequest]:
    provider = registry()["llamacpp"]
    assert isinstance(provider, WireProvider)
    return provider.operation(request)


def built(request: ChatRequest, **fields: Any) -> tuple[str, dict[str, Any]]:
    told = {"id": "d", "provider": "llamacpp", "model": "m", "base_url": "http://h:8080"} | fields
    wired = operation(request).build(request, Deployment(**told))
    return wired.url, json.loads(wired.body)


def event(**fields: Any) -> bytes:
    return b"data: " + json.dumps(fields, ensure_ascii=False).encode() + b"\n\n"


LAST = {"content": "", "stop": True, "stop_type": "word", "stopping_word": "END", "model": "gemma",
        "tokens_predicted": 3, "tokens_evaluated": 7, "timings": {"cache_n": 5, "prompt_n": 2}}  # fmt: skip
STREAM = event(index=0, content="Zo", stop=False) + event(index=0, content='ë "stop":true', stop=False) + event(**LAST)
END = [UsageSoFar(Usage(input=7, output=3, cached_input=5)), Finish("stop", "word", 0, "END")]


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://h:8080", "http://h:8080/completion"),
        ("http://h:8080/v1/", "http://h:8080/completion"),
        ("http://h/llama/v1", "http://h/llama/completion"),
    ],
)
def test_it_is_beside_v1(base: str, url: str) -> None:
    assert built(asked(), base_url=base)[0] == url


@pytest.mark.parametrize(
    ("said", "sent"),
    [({}, {"n_predict": 9, "temperature": 0.5}), ({"n_predict": -1, "temperature": 0}, {})],
    ids=["defaults_fill_in", "the_caller_wins"],
)
def test_the_clients_own_fields_are_sent(said: dict[str, Any], sent: dict[str, Any]) -> None:
    request = asked(**said, grammar="x", prompt=[1, 2])
    defaults = Defaults(max_tokens=9, temperature=0.5)
    whole = {"prompt": [1, 2], **said, "grammar": "x", "model": "m", **sent}
    assert built(request, defaults=defaults)[1] == whole
    cold = built(asked(), defaults=defaults, traits=Traits(refuses=frozenset({"temperature", "top_p"})))[1]
    assert cold == {"prompt": "hi", "model": "m", "n_predict": 9}


@given(st.lists(st.integers(0, len(STREAM)), max_size=5))
def test_a_stream_is_passed_on_as_it_came(cuts: list[int]) -> None:
    request = asked(stream=True)
    relay, decoder = relay_of(operation(request), request), operation(request).decoder(request)
    passed: list[StreamEvent] = []
    read: list[StreamEvent] = []
    for start, end in pairwise(sorted({0, len(STREAM), *cuts})):
        passed += relay.feed(STREAM[start:end])
        read += decoder.feed(STREAM[start:end])
    passed += relay.close()
    assert b"".join(one.data for one in passed if isinstance(one, Relayed)) == STREAM
    assert passed[-2:] == END
    told = fold(read + decoder.close())
    assert (told.choices[0].parts, told.choices[0].finish) == ((Text('Zoë "stop":true'),), END[1])


def test_a_whole_reply_is_passed_on_as_it_came() -> None:
    body = json.dumps(LAST | {"content": "Zoë", "new": 1}).encode()
    relay = relay_of(operation(asked()), asked())
    assert relay.feed(body) + relay.close() == [Relayed(body), *END]
    decoder = operation(asked()).decoder(asked())
    assert (decoder.feed(body) + decoder.close())[:2] == [Start("", "gemma"), PartStart(0, Text("Zoë"))]


def test_several_prompts_have_several_replies() -> None:
    body = json.dumps([LAST, LAST | {"stop_type": "limit", "stopping_word": ""}]).encode()
    relay = relay_of(operation(asked()), asked())
    usage = UsageSoFar(Usage(input=14, output=6, cached_input=10))
    assert relay.feed(body) + relay.close() == [
        Relayed(body),
        usage,
        Finish("stop", "word", 0, "END"),
        Finish("length", "limit", 1),
    ]


@pytest.mark.parametrize(
    ("said", "finish"),
    [
        ({"stop_type": "eos"}, Finish("stop", "eos")),
        ({"stop_type": "limit"}, Finish("length", "limit")),
        ({"stopped_limit": True}, Finish("length", "limit")),
        ({"stopped_eos": True}, Finish("stop", "eos")),
        ({"stop_type": "new"}, Finish("other", "new")),
    ],
    ids=["eos", "limit", "older_limit", "older_eos", "unknown"],
)
def test_why_it_stopped(said: dict[str, Any], finish: Finish) -> None:
    relay = relay_of(operation(asked()), asked())
    assert relay.feed(json.dumps({"content": "", "stop": True, **said}).encode()) + relay.close() == [
        Relayed(json.dumps({"content": "", "stop": True, **said}).encode()),
        finish,
    ]


@pytest.mark.parametrize("kind", ["relay", "decoder"])
def test_an_error_in_the_stream_and_a_cut_have_no_finish(kind: str) -> None:
    request = asked(stream=True)
    reader = getattr(operation(request), kind)(request)
    error = event(error={"code": 500, "message": "Out of memory.", "type": "server_error"})
    told = reader.feed(event(content="x", stop=False) + error) + reader.close()
    assert bare(told)[-1] == Failure("Out of memory.", "500", 500)
    cut = getattr(operation(request), kind)(request)
    assert not any(isinstance(one, Finish) for one in cut.feed(STREAM[:60]) + cut.feed(b""))


@pytest.mark.parametrize("kind", ["relay", "decoder"])
@pytest.mark.parametrize("body", [b"data: {oops}\n\n", b"data: 5\n\n", STREAM[:-9]], ids=["malformed", "number", "cut"])
def test_what_is_not_of_this_wire_is_broken(kind: str, body: bytes) -> None:
    request = asked(stream=True)
    reader = getattr(operation(request), kind)(request)
    with pytest.raises(UpstreamBroken):  # noqa: PT012  # where it is noticed is the reader's business
        reader.feed(body)
        reader.close()


def test_every_default_fills_in() -> None:
    defaults = Defaults(max_tokens=9, temperature=0.5, top_p=0.25)
    told = built(asked(), defaults=defaults)[1]
    assert (told["n_predict"], told["temperature"], told["top_p"]) == (9, 0.5, 0.25)
    assert built(asked(top_p=1), defaults=defaults)[1]["top_p"] == 1
