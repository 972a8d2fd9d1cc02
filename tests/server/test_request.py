"""What the data plane reads of a request: its key, its length, its body, its headers for relaying."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.support.openai_wire import ENDPOINT, request_body
from turnout.core import ChatRequest, WireBody
from turnout.dialects import registry
from turnout.errors import BodyTooLarge, Overloaded
from turnout.server.request import ClientLeft, Head, read_body, read_head, send_error, with_headers, with_query
from turnout.version import __version__

Headers = list[tuple[bytes, bytes]]


def scope_of(headers: Headers, query: bytes = b"") -> dict[str, Any]:
    return {"headers": headers, "query_string": query}


@pytest.mark.parametrize(
    ("headers", "secrets"),
    [
        pytest.param([(b"authorization", b"Bearer sk-1")], (b"sk-1",), id="openai"),
        pytest.param([(b"authorization", b"bearer  sk-1 ")], (b"sk-1",), id="with-spaces"),
        pytest.param([(b"x-api-key", b"sk-1")], (b"sk-1",), id="anthropic"),
        pytest.param([(b"api-key", b"sk-1")], (b"sk-1",), id="azure"),
        pytest.param([(b"x-goog-api-key", b"sk-1")], (b"sk-1",), id="gemini"),
        pytest.param([(b"authorization", b"Basic sk-1")], (), id="another-scheme"),
        pytest.param([(b"authorization", b"sk-1")], (), id="no-scheme"),
        pytest.param([(b"cookie", b"sk-1")], (), id="none"),
        pytest.param([(b"authorization", b"Bearer sk-\xff")], (b"sk-\xff",), id="odd-bytes"),
    ],
)
def test_the_key_is_found_where_any_sdk_puts_it(headers: Headers, secrets: tuple[bytes, ...]) -> None:
    assert read_head(scope_of([(b"host", b"h"), *headers])).secrets == secrets


PLACES: Headers = [
    (b"authorization", b"Bearer a"),
    (b"x-api-key", b"b"),
    (b"x-goog-api-key", b"c"),
    (b"api-key", b"d"),
]


def test_several_keys_are_told_in_the_order_of_their_places_not_of_their_lines() -> None:
    secrets = {read_head(scope_of([*order], b"alt=sse&key=e")).secrets for order in itertools.permutations(PLACES)}
    assert secrets == {(b"a", b"b", b"c", b"d", b"e")}


def test_lines_of_one_place_keep_their_order() -> None:
    headers = [(b"x-api-key", b"b1"), (b"authorization", b"Bearer a1"), (b"x-api-key", b"b2"), (b"x-api-key", b"b3")]
    assert read_head(scope_of(headers)).secrets == (b"a1", b"b1", b"b2", b"b3")


def test_a_request_tries_a_few_keys_and_no_more() -> None:
    many = [(b"x-api-key", b"%d" % number) for number in range(5000)]
    assert read_head(scope_of(many, b"&".join([b"key=x"] * 1000))).secrets == tuple(b"%d" % n for n in range(8))


@pytest.mark.parametrize(
    ("query", "secrets"),
    [(b"key=a%20b", (b"a b",)), (b"monkey=a", ()), (b"x=1&key=a&key=b", (b"a", b"b")), (b"key", ()), (b"key=", (b"",))],
)
def test_a_key_may_be_in_the_query(query: bytes, secrets: tuple[bytes, ...]) -> None:
    assert read_head(scope_of([], query)).secrets == secrets


@pytest.mark.parametrize(
    ("value", "length"), [(b"12", 12), (b"0", 0), (b"-1", -1), (b"1.5", -1), (b"\xb2", -1), (b"", -1), (b"+5", -1)]
)
def test_the_length_is_what_is_said(value: bytes, length: int) -> None:
    assert read_head(scope_of([(b"content-length", value)])).length == length
    assert read_head(scope_of([])).length == -1


class Client:
    """Sends pieces; None stands for leaving."""

    def __init__(self, *pieces: bytes | None) -> None:
        self._pieces = list(pieces)

    async def receive(self) -> dict[str, Any]:
        piece = self._pieces.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

    @property
    def unread(self) -> int:
        return len(self._pieces)


@pytest.mark.parametrize("pieces", [(b"abcde",), (b"ab", b"cde"), (b"", b"abcde", b""), (b"a", b"b", b"c", b"d", b"e")])
@pytest.mark.parametrize("length", [-1, 5], ids=["of-unknown-length", "of-known-length"])
async def test_a_body_as_large_as_the_limit_is_read_whole(pieces: tuple[bytes, ...], length: int) -> None:
    assert await read_body(Head(length=length), Client(*pieces).receive, 5) == b"abcde"


async def test_no_body_is_empty() -> None:
    assert await read_body(Head(length=0), Client(b"").receive, 5) == b""


@pytest.mark.parametrize(
    ("length", "pieces", "unread"),
    [
        pytest.param(6, (b"abcdef",), 1, id="as-it-says"),
        pytest.param(-1, (b"abcdef",), 0, id="as-it-is"),
        pytest.param(-1, (b"abc", b"def", b"ghi"), 1, id="in-pieces"),
        pytest.param(3, (b"abc", b"def", b"ghi"), 1, id="more-than-it-says"),
    ],
)
async def test_the_rest_of_a_body_that_is_too_large_is_not_read(
    length: int, pieces: tuple[bytes, ...], unread: int
) -> None:
    client = Client(*pieces)
    with pytest.raises(BodyTooLarge, match=r"larger than 5 bytes.*server\.max_body_bytes"):
        await read_body(Head(length=length), client.receive, 5)
    assert client.unread == unread


@pytest.mark.parametrize("pieces", [(None,), (b"ab", None), (b"ab", b"c", None)])
async def test_a_client_may_leave_in_the_middle(pieces: tuple[bytes | None, ...]) -> None:
    with pytest.raises(ClientLeft):
        await read_body(Head(), Client(*pieces).receive, 50)


def test_wanted_headers_go_along_with_a_relayed_request() -> None:
    request = ENDPOINT.parse(request_body())
    headers: Headers = [(b"x-beta", b"a\xe9"), (b"authorization", b"Bearer secret"), (b"x-other", b"b")]
    relayed = with_headers(request, headers, frozenset({b"x-beta"}))
    assert isinstance(relayed.raw, WireBody)
    assert isinstance(request.raw, WireBody)
    assert relayed.raw.headers == {"x-beta": "aé"}
    assert relayed.raw.fields is request.raw.fields
    assert with_headers(request, headers, frozenset({b"x-none"})) is request
    bare = ChatRequest(model="m", messages=())
    assert with_headers(bare, headers, frozenset({b"x-beta"})) is bare


@pytest.mark.parametrize(
    ("lines", "relayed"),
    [([b"a, b"], "a, b"), ([b"a", b"b"], "a,b"), ([b"a, b", b"b,c", b"a"], "a,b,c")],
)
def test_several_lines_of_a_header_are_one_list(lines: list[bytes], relayed: str) -> None:
    headers = [(b"x-beta", line) for line in lines]
    request = with_headers(ENDPOINT.parse(request_body()), headers, frozenset({b"x-beta"}))
    assert isinstance(request.raw, WireBody)
    assert request.raw.headers == {"x-beta": relayed}


def test_a_client_is_named_beside_turnout() -> None:
    headers: Headers = [(b"user-agent", b"claude-cli/2.1")]
    request = with_headers(ENDPOINT.parse(request_body()), headers, frozenset({b"user-agent"}))
    assert isinstance(request.raw, WireBody)
    assert request.raw.headers == {"user-agent": f"claude-cli/2.1 turnout/{__version__}"}


def test_the_query_goes_along_with_a_relayed_request() -> None:
    request = ENDPOINT.parse(request_body())
    asked = with_query(request, "beta=true")
    assert isinstance(asked.raw, WireBody)
    assert asked.raw.query == "beta=true"
    assert with_query(request, "") is request
    bare = ChatRequest(model="m", messages=())
    assert with_query(bare, "beta=true") is bare


async def test_an_error_is_sent_whole_in_the_dialects_shape() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await send_error(registry()["openai"], Overloaded("Full."), send)
    start, end = sent
    headers = dict(start["headers"])
    assert (start["type"], start["status"], end["type"]) == ("http.response.start", 503, "http.response.body")
    assert headers[b"content-length"] == str(len(end["body"])).encode()
    error = json.loads(end["body"])["error"]
    assert (error["message"], error["code"]) == ("Full.", "overloaded")
    assert error["request_id"].encode() == headers[b"x-request-id"]


@pytest.mark.parametrize(
    ("headers", "session", "tags"),
    [
        ([], "", set()),
        ([(b"x-session-id", b" s1 ")], "s1", set()),
        ([(b"x-session-id", b"s1"), (b"x-claude-code-session-id", b"c1")], "c1", set()),
        ([(b"session-id", b""), (b"session_id", b"s2")], "s2", set()),
        ([(b"x-session-affinity", b"a" * 600)], "", set()),
        ([(b"x-turnout-tags", b"EU, gdpr,,")], "", {"eu", "gdpr"}),
        ([(b"x-turnout-tags", b"eu"), (b"x-turnout-tags", b"gdpr")], "", {"eu", "gdpr"}),
    ],
    ids=["nothing", "session", "two", "empty", "long", "tags", "lines"],
)
def test_the_session_and_the_tags_that_a_request_names(headers: Headers, session: str, tags: set[str]) -> None:
    head = read_head(scope_of([(b"host", b"h"), *headers]))
    assert (head.session, set(head.tags)) == (session, tags)
