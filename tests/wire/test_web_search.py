"""What a provider's search has found reaches clients of every dialect, and comes back with the next turn.

The replies have the shapes of real ones. The vendors' own SDKs put the streams together.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from google.genai.types import GenerateContentResponse
from msgspec import Raw
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.support.contract import CHATS, ON_WIRES, chat_request, deployment
from tests.support.whole_requests import read_whole
from tests.wire.carrying import CARRYING, CONTEXT, events_of
from turnout.core import (
    Answer,
    ChatRequest,
    Finish,
    HostedTool,
    PartEnd,
    PartStart,
    Search,
    Source,
    Start,
    StreamEvent,
    Text,
    WebSearch,
    WireBody,
    fold,
)
from turnout.fitting.rules import fit

RIVER, LAKE = "https://river.example/ö", "https://lake.example"
TEXT = "Größe: the river is long. The lake is deep."
LONG, DEEP = "the river is long.", "The lake is deep."
SEARCH = HostedTool("tools.0", {}, "web_search", WebSearch())


class Told(NamedTuple):
    """What a client is told: the searches, the pages they found, and the words that are from each page."""

    queries: list[str]
    found: list[str]
    cited: list[tuple[str, str]]


CITED = [(RIVER, LONG), (LAKE, DEEP)]
EVERYTHING = Told(["how long; how deep"], [RIVER, LAKE], CITED)


def anthropic_page(url: str) -> dict[str, Any]:
    return {"type": "web_search_result", "url": url, "title": "T", "encrypted_content": "EuAD", "page_age": None}


def anthropic_citation(url: str) -> dict[str, Any]:
    fields = {"url": url, "title": "T", "encrypted_index": "Eo8B", "cited_text": "From there."}
    return {"type": "web_search_result_location", **fields}


CALL = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "how long; how deep"}}
RESULT = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [anthropic_page(RIVER), anthropic_page(LAKE)],
}
ANTHROPIC_BLOCKS: list[dict[str, Any]] = [
    CALL,
    RESULT,
    {"type": "text", "text": "Größe: "},
    {"type": "text", "text": LONG, "citations": [anthropic_citation(RIVER)]},
    {"type": "text", "text": " "},
    {"type": "text", "text": DEEP, "citations": [anthropic_citation(LAKE)]},
]
USAGE = {"input_tokens": 9, "output_tokens": 4}


def anthropic_body() -> bytes:
    fields = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
    return json.dumps({**fields, "content": ANTHROPIC_BLOCKS, "usage": USAGE}).encode()


def anthropic_stream() -> bytes:
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "msg_1", "model": "m", "content": [], "usage": USAGE}}
    ]
    for index, block in enumerate(ANTHROPIC_BLOCKS):
        pieces: list[dict[str, Any]] = []
        start = block
        if block is CALL:
            start = CALL | {"input": {}}
            pieces.append({"type": "input_json_delta", "partial_json": json.dumps(CALL["input"])})
        elif block["type"] == "text":
            start = {"type": "text", "text": ""}
            pieces += [{"type": "citations_delta", "citation": each} for each in block.get("citations", ())]
            pieces.append({"type": "text_delta", "text": block["text"]})
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": piece} for piece in pieces]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USAGE})
    events.append({"type": "message_stop"})
    return b"".join([b"event: %b\ndata: %b\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events])


def segment(words: str) -> dict[str, Any]:
    start = len(TEXT[: TEXT.index(words)].encode())
    return {"startIndex": start, "endIndex": start + len(words.encode()), "text": words}


GROUNDING = {
    "webSearchQueries": ["how long", "how deep"],
    "groundingChunks": [{"web": {"uri": RIVER, "title": "T"}}, {"web": {"uri": LAKE, "title": "T"}}, {"maps": {}}],
    "groundingSupports": [
        {"segment": segment(LONG), "groundingChunkIndices": [0, 9]},
        {"segment": segment(DEEP) | {"startIndex": 3}, "groundingChunkIndices": [1]},  # a wrong number
    ],
    "searchEntryPoint": {"renderedContent": "<div>"},
}


def gemini_chunk(text: str, **candidate: Any) -> dict[str, Any]:
    content = {"parts": [{"text": text}], "role": "model"}
    return {"candidates": [{"content": content, "index": 0, **candidate}], "modelVersion": "m", "responseId": "r"}


def gemini_body() -> bytes:
    return json.dumps(gemini_chunk(TEXT, finishReason="STOP", groundingMetadata=GROUNDING)).encode()


def gemini_stream() -> bytes:
    """As Gemini 3 ends: with an empty text that has a signature, and with the sources."""
    last = gemini_chunk("", finishReason="STOP", groundingMetadata=GROUNDING)
    last["candidates"][0]["content"]["parts"][0]["thoughtSignature"] = "c2ln"
    chunks = [gemini_chunk(TEXT[:9]), gemini_chunk(TEXT[9:]), last]
    return b"".join([b"data: %b\r\n\r\n" % json.dumps(chunk).encode() for chunk in chunks])


def annotation(url: str, words: str) -> dict[str, Any]:
    start = TEXT.index(words)
    cited = {"url": url, "title": "T", "start_index": start, "end_index": start + len(words)}
    return {"type": "url_citation", "url_citation": cited}


ANNOTATIONS = [annotation(*each) for each in CITED]


def openai_body() -> bytes:
    message = {"role": "assistant", "content": TEXT, "annotations": ANNOTATIONS}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()


def openai_stream() -> bytes:
    pieces: list[dict[str, Any]] = [{"content": TEXT[:5]}, {"content": TEXT[5:]}, {"annotations": ANNOTATIONS}]
    chunks = [{"choices": [{"index": 0, "delta": piece}]} for piece in pieces]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return b"".join([b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks]) + b"data: [DONE]\n\n"


PROVIDERS = {
    "anthropic": (anthropic_body(), anthropic_stream(), EVERYTHING),
    "gemini": (gemini_body(), gemini_stream(), EVERYTHING),
    "openai": (openai_body(), openai_stream(), Told([], [], CITED)),
}


def read_anthropic(message: dict[str, Any]) -> Told:
    told = Told([], [], [])
    for block in message["content"]:
        if block["type"] == "server_tool_use":
            told.queries.append(block["input"]["query"])
        elif block["type"] == "web_search_tool_result":
            assert block["tool_use_id"] in [each.get("id") for each in message["content"]]
            told.found.extend(page["url"] for page in block["content"])
        elif block["type"] == "text":
            told.cited.extend((cited["url"], block["text"]) for cited in block["citations"] or ())
    return told


def read_gemini(reply: dict[str, Any]) -> Told:
    candidate = reply["candidates"][0]
    GenerateContentResponse.model_validate(reply)
    metadata = candidate.get("groundingMetadata")
    if metadata is None:
        return Told([], [], [])
    pages = [chunk["web"]["uri"] for chunk in metadata["groundingChunks"]]
    data = "".join([part["text"] for part in candidate["content"]["parts"] if "text" in part]).encode()
    told = Told(metadata["webSearchQueries"], pages, [])
    for support in metadata["groundingSupports"]:
        place = support["segment"]
        words = data[place["startIndex"] : place["endIndex"]].decode()
        assert words == place["text"]
        told.cited.extend((pages[number], words) for number in support["groundingChunkIndices"])
    return told


def read_chat(completion: dict[str, Any]) -> Told:
    message = completion["choices"][0]["message"]
    cited = [each["url_citation"] for each in message["annotations"]]
    return Told([], [], [(one["url"], message["content"][one["start_index"] : one["end_index"]]) for one in cited])


def read_response(response: dict[str, Any]) -> Told:
    Response.model_validate(response)
    told = Told([], [], [])
    for item in response["output"]:
        if item["type"] == "web_search_call":
            assert item["status"] == "completed"
            told.queries.append(item["action"]["query"])
            told.found.extend(source["url"] for source in item["action"]["sources"])
        elif item["type"] == "message":
            for part in item["content"]:
                words = [
                    (one["url"], part["text"][one["start_index"] : one["end_index"]]) for one in part["annotations"]
                ]
                told.cited.extend(words)
    return told


def stream_of_gemini(events: list[dict[str, Any]]) -> dict[str, Any]:
    parts = [part for event in events for part in event["candidates"][0]["content"]["parts"]]
    last = events[-1]["candidates"][0]
    return {"candidates": [{**last, "content": {"role": "model", "parts": parts}}]}


READERS = {
    "anthropic-messages": read_anthropic,
    "gemini": read_gemini,
    "openai-chat": read_chat,
    "openai-responses": read_response,
}
_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def decoded(provider: str, *, stream: bool) -> list[StreamEvent]:
    body, events, _ = PROVIDERS[provider]
    decoder = ON_WIRES[provider].decoder(asked(None, stream=stream))
    return [*decoder.feed(events if stream else body), *decoder.close()]


def asked(wire: str | None, *, stream: bool) -> ChatRequest:
    tool: dict[str, Any] = {"googleSearch": {}} if wire == "gemini" else {"type": "web_search"}
    raw = WireBody(wire, {"tools": Raw(json.dumps([tool]).encode())}) if wire else None
    return chat_request(stream=stream, hosted=(SEARCH,), raw=raw)


def replies(wire: str, provider: str) -> list[dict[str, Any]]:
    """The whole reply, and the streamed one as the vendor's SDK puts it together."""
    endpoint, accumulate = CHATS[wire], stream_of_gemini if wire == "gemini" else CARRYING[wire][0]
    events = decoded(provider, stream=True)
    renderer = endpoint.renderer(asked(wire, stream=True), CONTEXT)
    stream = b"".join([renderer.feed([event]) for event in events]) + renderer.close()
    answer: Answer = fold(decoded(provider, stream=False))
    whole = endpoint.body(asked(wire, stream=False), answer, CONTEXT)
    return [json.loads(whole), accumulate(events_of(stream))]


@pytest.mark.parametrize("wire", READERS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_client_is_told_of_searches_and_sources(wire: str, provider: str) -> None:
    expected = PROVIDERS[provider][2]
    for reply in replies(wire, provider):
        told = READERS[wire](reply)
        if wire == "anthropic-messages" and provider != "anthropic":  # its citations are of whole blocks
            words = [(url, TEXT) for url, _ in CITED]
            assert told == expected._replace(cited=words)
        elif wire == "openai-chat":  # it has no place for a search
            assert told == Told([], [], CITED)
        elif wire == "gemini" and provider == "openai":  # what is cited was found
            assert told == Told([], [RIVER, LAKE], CITED)
        elif wire == "gemini" and provider == "gemini":
            assert told == expected._replace(queries=["how long", "how deep"])
        else:
            assert told == expected


def test_the_events_of_a_search_are_those_of_the_sdk() -> None:
    endpoint = CHATS["openai-responses"]
    renderer = endpoint.renderer(asked("openai-responses", stream=True), CONTEXT)
    stream = b"".join([renderer.feed([event]) for event in decoded("anthropic", stream=True)]) + renderer.close()
    events = [_EVENT.validate_python(event) for event in events_of(stream)]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[2:5] == [
        "response.output_item.added",
        "response.web_search_call.in_progress",
        "response.web_search_call.searching",
    ]
    assert kinds.index("response.web_search_call.completed") < kinds.index("response.output_text.delta")
    assert kinds.count("response.output_text.annotation.added") == 2


# --- the next turn -------------------------------------------------------------------------------------

RELAYED = (("anthropic-messages", "anthropic"), ("openai-responses", "openai"))


def next_turn(wire: str, reply: dict[str, Any], provider: str) -> tuple[Any, list[str]]:
    """What ``provider`` is sent of it as JSON, and the fields that are told."""
    _, next_body, target = CARRYING[wire]
    request = read_whole(CHATS[wire], json.dumps(next_body(reply)).encode(), target)
    to = ON_WIRES[provider]
    fitted = fit(request, provider, to.support, deployment(to))
    assert isinstance(fitted.request, ChatRequest)
    sent = to.build(fitted.request, deployment(to)).body
    return json.loads(sent), [change.field for change in fitted.changes]


@pytest.mark.parametrize("provider", ["openai", "gemini", "ollama", "anthropic"])
@pytest.mark.parametrize("wire", ["anthropic-messages", "openai-responses"])
@pytest.mark.parametrize("made_by", ["anthropic", "gemini"])
def test_other_providers_are_told_in_words(wire: str, provider: str, made_by: str) -> None:
    for reply in replies(wire, made_by):
        if (wire, provider) in RELAYED:
            continue
        sent, _ = next_turn(wire, reply, provider)
        text = json.dumps(sent, ensure_ascii=False)
        assert LONG in text
        if made_by == provider == "anthropic":  # its own blocks, as it wants them back
            assert all(json.dumps(block, ensure_ascii=False) in text for block in (CALL, RESULT))
            assert "Searched the web" not in text
        else:
            assert text.count(RIVER) == 1
            assert text.count("Searched the web for") == 1
            assert "srvtoolu" not in text


def test_anthropic_gets_only_its_own_searches_and_citations() -> None:
    foreign, own = replies("anthropic-messages", "gemini")[0], replies("anthropic-messages", "anthropic")[0]
    sent, _ = next_turn("anthropic-messages", foreign, "anthropic")
    assert [block["type"] for block in sent["messages"][1]["content"]] == ["text"]
    assert sent["messages"][1]["content"][0]["citations"] == []
    sent, _ = next_turn("anthropic-messages", own, "anthropic")
    assert sent["messages"][1]["content"] == own["content"]


def test_openais_own_search_becomes_words() -> None:
    """A history of OpenAI's, which tells what was found only by what is cited."""
    call = {
        "id": "ws_1",
        "type": "web_search_call",
        "status": "completed",
        "action": {"type": "search", "query": "how"},
    }
    opened = call | {"action": {"type": "open_page", "url": LAKE}}
    cited = {"type": "url_citation", "start_index": 0, "end_index": 4, "url": RIVER, "title": "T"}
    part = {"type": "output_text", "text": LONG, "annotations": [cited, cited, {"type": "file_citation", "index": 5}]}
    message = {"type": "message", "role": "assistant", "content": [part]}
    sent, fields = next_turn("openai-responses", {"output": [call, message]}, "anthropic")
    words = f'Searched the web for "how".\nFound on the web:\n- T: {RIVER}'
    assert sent["messages"][1]["content"] == [{"type": "text", "text": words}, {"type": "text", "text": LONG}]
    assert fields == ["messages[1].content[0]"]
    sent, _ = next_turn("openai-responses", {"output": [call, opened, call | {"action": {"type": "odd"}}]}, "anthropic")
    found = f"Found on the web:\n- {LAKE}"
    assert [block["text"] for block in sent["messages"][1]["content"]] == ['Searched the web for "how".', found]


@pytest.mark.parametrize("annotations", [[5], "x", {"type": "url_citation"}])
def test_odd_annotations_cost_nothing(annotations: Any) -> None:
    part = {"type": "output_text", "text": LONG, "annotations": annotations}
    reply = {"output": [{"type": "message", "role": "assistant", "content": [part]}]}
    assert next_turn("openai-responses", reply, "anthropic")[0]["messages"][1]["content"] == LONG
    message = {"role": "assistant", "content": LONG, "annotations": annotations}
    assert (
        next_turn("openai-chat", {"choices": [{"message": message}]}, "anthropic")[0]["messages"][1]["content"] == LONG
    )


def test_what_a_chat_cites_is_told_before_it() -> None:
    reply = replies("openai-chat", "gemini")[0]
    sent, _ = next_turn("openai-chat", reply, "anthropic")
    words, answer = sent["messages"][1]["content"]
    assert (words["text"], answer["text"]) == (f"Found on the web:\n- T: {RIVER}\n- T: {LAKE}", TEXT)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        5,
        {"webSearchQueries": 5},
        {"groundingChunks": [5]},
        {"groundingSupports": [{"segment": {"startIndex": "a"}}]},
    ],
)
def test_odd_metadata_of_google_costs_nothing(metadata: Any) -> None:
    decoder = ON_WIRES["gemini"].decoder(asked(None, stream=False))
    body = json.dumps(gemini_chunk(TEXT, finishReason="STOP", groundingMetadata=metadata)).encode()
    answer = fold([*decoder.feed(body), *decoder.close()])
    assert answer.choices[0].parts == (Text(TEXT),)
    assert answer.choices[0].finish is not None


def test_sources_that_come_before_the_end_are_kept() -> None:
    chunks = [
        gemini_chunk(TEXT[:9], groundingMetadata=GROUNDING),
        gemini_chunk(TEXT[9:]),
        gemini_chunk("", finishReason="STOP"),
    ]
    stream = b"".join([b"data: %b\r\n\r\n" % json.dumps(chunk).encode() for chunk in chunks])
    decoder = ON_WIRES["gemini"].decoder(asked(None, stream=True))
    text, call, result = fold([*decoder.feed(stream), *decoder.close()]).choices[0].parts
    assert isinstance(text, Text)
    assert [cited.url for cited in text.citations] == [RIVER, LAKE]
    assert (call, result) == (
        Search("1", queries=("how long", "how deep")),
        Search("1", sources=(Source(RIVER, "T"), Source(LAKE, "T"))),
    )


def test_a_search_that_failed() -> None:
    block = {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
    }
    events: list[StreamEvent] = [
        Start(),
        PartStart(0, Search("1", queries=("how",))),
        PartEnd(0),
        PartStart(1, Search("1", error="max_uses_exceeded")),
        PartEnd(1),
        Finish("stop", "stop"),
    ]
    response = json.loads(CHATS["openai-responses"].body(asked(None, stream=False), fold(events), CONTEXT))
    assert [item["status"] for item in response["output"]] == ["failed"]
    message = json.loads(CHATS["anthropic-messages"].body(asked(None, stream=False), fold(events), CONTEXT))
    assert message["content"][1]["content"]["type"] == "web_search_tool_result_error"
    sent, _ = next_turn("anthropic-messages", {"content": [CALL, block]}, "openai")
    words = ['Searched the web for "how long; how deep".', "The search failed: max_uses_exceeded."]
    assert [part["text"] for part in sent["messages"][1]["content"]] == words


def test_an_answer_that_ends_while_it_searches_is_whole() -> None:
    """Anthropic pauses a long turn, and the client sends it back to go on."""
    events: list[StreamEvent] = [Start(), PartStart(0, Search("1", queries=("how",))), PartEnd(0)]
    response = json.loads(CHATS["openai-responses"].body(asked(None, stream=False), fold(events), CONTEXT))
    assert [item["status"] for item in response["output"]] == ["completed"]
