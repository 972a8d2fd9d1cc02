"""The tokens that each piece of a request adds to its count, and the counts that are exact."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from tests.tokens.support import chat, deployment, message
from turnout.core import (
    Audio,
    ChatRequest,
    Deployment,
    File,
    Image,
    Output,
    Part,
    Reasoning,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    TokenCount,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from turnout.tokens import FAMILIES, count, count_text, encodings, family_of

SCHEMA = Raw(b'{"type":"object","properties":{"city":{"type":"string","description":"The city."}},"required":["city"]}')
WEATHER = Tool("get_weather", "Get the weather.", SCHEMA)


def tokens(request: ChatRequest, to: Deployment | None = None) -> int:
    return count(request, to or deployment()).tokens


def test_a_text_is_counted_by_its_encoding() -> None:
    """The numbers are from OpenAI's own tokenizer."""
    assert count_text("tiktoken is great!", "gpt-4", "cl100k") == TokenCount(tokens=6, source="exact")
    assert count_text("お誕生日おめでとう", "gpt-4o", "o200k") == TokenCount(tokens=8, source="exact")
    assert count_text("", "gpt-4o", "o200k").tokens == 0


def test_special_tokens_in_a_text_are_only_text() -> None:
    assert count_text("<|endoftext|>", "gpt-4o", "o200k").tokens == 7


def test_half_a_surrogate_pair_is_counted_and_does_no_harm() -> None:
    assert count_text("a\udce4b", "claude-opus-5", "claude-2026").tokens > 0


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("meta-llama/Llama-3.3-70B-Instruct", "llama"),
        ("llava-v1.6", "llama"),
        ("qwen3:8b", "qwen"),
        ("us.anthropic.claude-sonnet-4-5-v1:0", "claude"),
        ("gemma-3-27b-it", "gemini"),
        ("magistral-medium-latest", "mistral"),
        ("deepseek-chat", "deepseek"),
        ("openai/gpt-oss-120b", "o200k-reasoning"),
        ("phi-4", "other"),
    ],
)
def test_an_upstream_models_name_tells_its_family(model: str, family: str) -> None:
    assert family_of(model) is FAMILIES[family]


def test_a_tokenizer_that_is_named_goes_before_the_models_name() -> None:
    assert family_of("claude-in-disguise", "cl100k") is FAMILIES["cl100k"]


@pytest.mark.parametrize(
    ("request_", "source"),
    [
        pytest.param(chat("hi"), "exact", id="plain-text"),
        pytest.param(chat("hi", tools=(WEATHER,)), "estimated", id="tools"),
        pytest.param(chat("hi", Image(url="https://x/y.png")), "estimated", id="image"),
        pytest.param(chat("hi", output=Output("json_schema", SCHEMA)), "estimated", id="schema"),
        pytest.param(chat(Text("", {"anthropic": {"block": Raw(b"{}")}})), "estimated", id="unknown-block"),
    ],
)
def test_only_plain_texts_are_exact(request_: ChatRequest, source: str) -> None:
    assert count(request_, deployment()).source == source


@pytest.mark.parametrize("tokenizer", ["o200k-reasoning", "claude-4.5", "gemini", "llama", None])
def test_without_the_providers_own_way_it_is_an_estimate(tokenizer: str | None) -> None:
    assert count(chat("hi"), deployment("some-model", tokenizer=tokenizer)).source == "estimated"


LONG = "word " * 100


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(lambda: chat("hi", LONG), id="text"),
        pytest.param(lambda: chat("hi", Thinking(LONG)), id="thinking"),
        pytest.param(lambda: chat("hi", Refusal(LONG)), id="refusal"),
        pytest.param(lambda: chat("hi", RedactedThinking("x" * 400)), id="redacted-thinking"),
        pytest.param(lambda: chat("hi", ToolCall("c", "get_weather", f'{{"city":"{LONG}"}}')), id="tool-call"),
        pytest.param(lambda: chat("hi", ToolResult("c", (Text(LONG),))), id="tool-result"),
        pytest.param(
            lambda: chat("hi", File(data=b64encode(LONG.encode()).decode(), media_type="text/plain")),
            id="text-file",
        ),
        pytest.param(lambda: chat("hi", File(file_id="file-1")), id="uploaded-file"),
        pytest.param(lambda: chat("hi", Audio(b64encode(bytes(480_000)).decode(), "wav")), id="audio"),
        pytest.param(lambda: chat("hi", tools=(Tool("t", LONG),)), id="tool"),
        pytest.param(lambda: chat("hi", output=Output("json_schema", Raw(b'"' + LONG.encode() + b'"'))), id="schema"),
        pytest.param(lambda: chat("hi", Text("", {"x": {"block": Raw(LONG.encode())}})), id="unknown-block"),
    ],
)
@pytest.mark.parametrize("tokenizer", ["o200k", "target-4.5"])
def test_everything_that_a_model_reads_is_counted(more: Callable[[], ChatRequest], tokenizer: str) -> None:
    claude = deployment("model", tokenizer=tokenizer)
    assert tokens(more(), claude) - tokens(chat("hi"), claude) >= 100


def test_tools_that_may_not_be_called_are_not_put_in() -> None:
    refrain = chat("hi", tools=(WEATHER,), tool_choice=ToolChoice("none"))
    assert tokens(refrain) == tokens(chat("hi"))


def test_claude_is_told_more_when_it_has_to_call_a_tool() -> None:
    claude = deployment("claude-sonnet-4-5", tokenizer="claude-4.5")
    free, forced = (chat("hi", tools=(WEATHER,), tool_choice=ToolChoice(mode)) for mode in ("auto", "required"))
    assert tokens(forced, claude) - tokens(free, claude) == 92


def test_thinking_with_a_budget_has_its_price() -> None:
    claude = deployment("claude-sonnet-4-0", tokenizer="claude")
    assert tokens(chat("hi", reasoning=Reasoning(budget=1024)), claude) - tokens(chat("hi"), claude) == 28


@pytest.mark.parametrize(("tokenizer", "page"), [("claude-4.5", 2200), ("o200k", 1000), ("gemini", 258), (None, 1500)])
def test_pages_of_a_document_are_counted(tokenizer: str | None, page: int) -> None:
    pdf = b"%PDF-1.7\n" + b"<< /Type /Page >>\n" * 3 + b"<< /Type /Pages >>"
    file = File(data=b64encode(pdf).decode(), media_type="application/pdf")
    to = deployment("someone-elses", tokenizer=tokenizer)
    assert tokens(chat("hi", file), to) - tokens(chat("hi"), to) == 3 * page


def added(part: Part) -> int:
    return tokens(chat("hi", part)) - tokens(chat("hi"))


@pytest.mark.parametrize("media_type", ["text/plain", "application/json", "text/markdown; charset=utf-8"])
def test_a_file_of_text_has_the_tokens_of_its_text(media_type: str) -> None:
    file = File(data=b64encode(LONG.encode()).decode(), media_type=media_type)
    assert added(file) == count_text(LONG, "gpt-4o", "o200k").tokens


@pytest.mark.parametrize(
    ("file", "pages"),
    [
        pytest.param(File(data=b64encode(bytes(100_000)).decode(), media_type="application/msword"), 3, id="by-size"),
        pytest.param(File(data=b64encode(b"%PDF-1.7" + bytes(60_000)).decode()), 2, id="no-pages-to-see"),
        pytest.param(File(data=b64encode(b"/Type /Page " * 5).decode()), 1, id="no-pdf"),
        pytest.param(File(data="abc"), 1, id="unreadable"),
        pytest.param(File(file_id="file-1"), 1, id="elsewhere"),
    ],
)
def test_a_document_without_pages_to_count_has_some_by_its_size(file: File, pages: int) -> None:
    assert added(file) == pages * 1000


@pytest.mark.parametrize(("form", "a_second"), [("wav", 32_000), ("pcm16", 32_000), ("mp3", 16_000)])
def test_a_recording_has_ten_tokens_a_second(form: str, a_second: int) -> None:
    """Compressed ones are taken for twice as long."""
    assert added(Audio(b64encode(bytes(3 * a_second)).decode(), form)) == 30


@pytest.mark.parametrize("schema", [b"[]", b"{", b'{"properties":[]}', b'{"properties":{"a":1,"b":{"enum":["x"]}}}'])
def test_a_tools_odd_schema_does_no_harm(schema: bytes) -> None:
    for tokenizer in ("o200k", "claude"):
        assert tokens(chat("hi", tools=(Tool("t", None, Raw(schema)),)), deployment(tokenizer=tokenizer)) > 4


def tool(description: str | None = None, **properties: Any) -> int:
    """The tokens of a request with a tool of these properties."""
    schema = Raw(msgspec.json.encode({"type": "object", "properties": properties}))
    return tokens(chat("hi", tools=(Tool("find", description, schema),)))


@pytest.mark.parametrize("key", ["properties", "items", "anyOf", "oneOf", "allOf"])
def test_deeper_levels_of_a_tools_schema_count_as_json(key: str) -> None:
    deeper = {key: [{"type": "string", "description": "A place to look at, in any language."}]}
    length = count_text(msgspec.json.encode(deeper).decode(), "gpt-4o", "o200k").tokens
    assert tool(place={"type": "x", **deeper}) - tool(place={"type": "x"}) == length > 10


def test_a_point_at_the_end_of_a_tools_description_is_not_counted() -> None:
    assert tool("Finds a place.") == tool("Finds a place")
    assert tool(place={"description": "Its name."}) == tool(place={"description": "Its name"})


def test_messages_have_their_overhead() -> None:
    """OpenAI: 3 for every message and 1 for its role, 3 for the answer's beginning."""
    assert tokens(chat("hello")) == 8
    assert tokens(chat(messages=(message("hello"), message("hello", role="assistant")))) == 13


def test_importing_the_room_loads_no_table() -> None:
    """The server loads none either before the first count."""
    source = "import sys, turnout.tokens, turnout.gateway; print('rs_bpe' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "False\n"
    )


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4", "claude-haiku-4-5", "gemini-2.5-flash"])
def test_a_long_text_has_as_many_tokens_as_its_pieces(model: str) -> None:
    """A text that is cut between words has the same tokens, however long it is."""
    sentence = "The quick brown fox doesn't jump over 13 lazy dogs; zwölf Boxkämpfer jagen Viktor.\n"
    alone = count_text(sentence * 10, model).tokens
    assert count_text(sentence * 10_000, model).tokens == pytest.approx(alone * 1000, rel=0.002)


def test_a_long_text_of_words_is_counted_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Der schnelle Fuchs springt, it's 1,234 o'clock.  Two spaces\n\nand lines. " * 700
    whole = count_text(text, "gpt-4o", "o200k").tokens
    for size in (1500, 3000, 5000, 10**9):
        monkeypatch.setattr(encodings, "_PIECE", size)
        assert count_text(text, "gpt-4o", "o200k").tokens == whole


def test_a_long_text_without_words_is_off_by_few() -> None:
    assert count_text("x" * 1_000_000, "gpt-4o", "o200k").tokens == pytest.approx(125_000, abs=62)


def test_a_tools_long_description_is_counted_in_pieces() -> None:
    """Its tokens add up as those of a message do."""
    sentence = "The quick brown fox jumps over lazy dogs and sleeps "
    few, many = tool(sentence * 10), tool(sentence * 10_000)
    assert many - few == pytest.approx(count_text(sentence * 9990, "gpt-4o", "o200k").tokens, rel=0.002)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        pytest.param("one two three", "one two", id="between-words"),
        pytest.param("one two 3 four", "one", id="not-beside-a-number"),
        pytest.param("one two  four", "one", id="not-in-spaces"),
        pytest.param("one a2 b fourfour", "one a2 b", id="the-last-one"),
        pytest.param("one 2 fourfour", "one 2 fourf", id="nowhere"),
    ],
)
def test_where_a_long_text_is_cut(monkeypatch: pytest.MonkeyPatch, text: str, cut: str) -> None:
    """At a space between two letters, where a token always ends, else anywhere."""
    monkeypatch.setattr(encodings, "_PIECE", 11)
    assert next(encodings.pieces(text)) == cut
