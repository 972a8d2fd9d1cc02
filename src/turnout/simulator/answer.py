"""The answer to a question. It depends on the question only, so that tests can compare answers.

- The text is ``You said: `` and the last user message; after tool results, ``The tools said: `` and the results. It
  also tells the number and the sizes of images, recordings and documents.
- For a JSON schema, the answer is an example of it. In JSON mode, the same text is the value of ``answer``.
- The answer calls tools if the model's name or the header asks for it, if the request forces it, or if the last user
  message has the words "use a tool" (the first one offered) or "use all tools" or marks (``marks.py``). After tool
  results it calls one only if the request forces it: as a model that is done would, the last one offered.
- After a prefill, the answer is the rest of the same text, without thinking. If the prefill isn't its beginning, the
  text follows after a blank.
- A token is a word with the space around it, in thinking and in text. A tool call has one token for its name and one
  for every 8 characters of its arguments, which are streamed in such pieces.
- ``max_tokens`` cuts thinking and text, but no tool call. Stop sequences cut text.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, Literal

import msgspec

from .marks import asked_calls
from .question import Question, Tool
from .script import Script

ARGUMENT_PIECE = 8
DIMENSIONS = 8
"""The default length of an embedding."""
REFUSAL = "I can't help with that."


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """``input`` includes ``cached`` and ``cache_write``; ``output`` includes ``reasoning``."""

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


class Call(msgspec.Struct, frozen=True):
    """``id`` is unique while the server runs."""

    id: str
    name: str
    arguments: str

    @property
    def pieces(self) -> list[str]:
        return [self.arguments[at : at + ARGUMENT_PIECE] for at in range(0, len(self.arguments), ARGUMENT_PIECE)]

    @property
    def tokens(self) -> int:
        return 1 + len(self.pieces)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """``thinking`` and ``text`` are cut into tokens. ``stop`` is the stop sequence that ended the text.

    ``refused``: the text is a refusal, on the wires that have refusals.
    """

    id: str
    thinking: tuple[str, ...]
    text: tuple[str, ...]
    calls: tuple[Call, ...]
    finish: Literal["stop", "length", "tool_calls"]
    stop: str | None
    usage: Usage
    refused: bool = False


def answer(question: Question, script: Script, number: int) -> Answer:
    """``number`` is the attempt's, and makes the ids."""
    if not question.generates:
        return Answer(
            id=f"sim{number:08d}",
            thinking=(),
            text=(),
            calls=(),
            finish="stop",
            stop=None,
            usage=Usage(input=question.tokens, output=0),
        )
    calls = _calls(question, script, number) if not script.refusal and not question.prefill else ()
    text, stop = _stopped(_text(question, script), question.stops) if not calls else ("", None)
    thinks = (script.thinking or question.thinking) and not question.prefill
    thinking = _thinking(question) if thinks else ""
    thinking_tokens, text_tokens = _tokens(thinking), _tokens(text)
    length = len(thinking_tokens) + len(text_tokens)
    limit = question.max_tokens if question.max_tokens is not None else length
    finish: Literal["stop", "length", "tool_calls"] = "tool_calls" if calls else "stop"
    if not calls and length > limit:
        thinking_tokens = thinking_tokens[:limit]
        text_tokens = text_tokens[: max(0, limit - len(thinking_tokens))]
        finish, stop = "length", None
    output = len(thinking_tokens) + len(text_tokens) + sum(call.tokens for call in calls)
    return Answer(
        id=f"sim{number:08d}",
        thinking=thinking_tokens,
        text=text_tokens,
        calls=calls,
        finish=finish,
        stop=stop,
        usage=Usage(
            input=question.tokens,
            output=output * question.choices,
            cached=question.tokens // 2 if script.cached else 0,
            cache_write=question.tokens // 4 if script.cached else 0,
            reasoning=len(thinking_tokens) * question.choices,
        ),
        refused=script.refusal,
    )


def signature(text: str) -> str:
    """The simulator's signature of a thinking text. It checks the signature when the client sends it back."""
    return base64.b64encode(hashlib.sha256(f"simulator:{text}".encode()).digest()).decode()


def logprob(token: str) -> float:
    """The log probability of a token. It depends on the token only."""
    return -hashlib.sha256(token.encode()).digest()[0] / 256


def likely(token: str, count: int) -> list[tuple[str, float]]:
    """The ``count`` most likely tokens at the place of ``token``, which comes first."""
    return [(token, logprob(token)), *((f" other{n}", -float(n)) for n in range(1, count))][:count]


def vector(text: str, dimensions: int) -> list[float]:
    """The embedding of a text. A 32-bit float holds each of its numbers exactly."""
    digest = b"".join(hashlib.sha256(f"{text}/{at}".encode()).digest() for at in range(-(-dimensions // 32)))
    return [(byte - 128) / 128 for byte in digest[:dimensions]]


def _text(question: Question, script: Script) -> str:
    text, prefill = _whole_text(question, script), question.prefill
    if not prefill:
        return text
    rest = text.removeprefix(prefill) if text.startswith(prefill) else f" {text}"
    return prefill + rest if question.repeats else rest


def _whole_text(question: Question, script: Script) -> str:
    if script.refusal:
        return REFUSAL
    if script.words is not None:
        return " ".join(f"word{n}" for n in range(1, script.words + 1))
    text = f"The tools said: {'; '.join(question.results)}" if question.results else f"You said: {question.prompt}"
    text += _attachments("saw", "image", question.images)
    text += _attachments("heard", "recording", question.recordings)
    text += _attachments("read", "document", question.documents)
    if question.schema is None:
        return text
    return msgspec.json.encode(_example(question.schema, 1) if question.schema else {"answer": text}).decode()


def _attachments(verb: str, noun: str, descriptions: tuple[str, ...]) -> str:
    if not descriptions:
        return ""
    count = len(descriptions)
    return f" I {verb} {count} {noun if count == 1 else f'{noun}s'}: {', '.join(descriptions)}."


def _thinking(question: Question) -> str:
    return f"The user wrote {len(question.prompt.split())} words. I answer with them."


def _tokens(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\s*\S+(?:\s+$)?", text))


def _stopped(text: str, stops: tuple[str, ...]) -> tuple[str, str | None]:
    """The text before the first stop sequence in it, and that stop sequence."""
    matches = [(at, stop) for stop in stops if stop and (at := text.find(stop)) >= 0]
    if not matches:
        return text, None
    at, stop = min(matches)
    return text[:at], stop


def _calls(question: Question, script: Script, number: int) -> tuple[Call, ...]:
    if not question.tools or question.tool_choice == "none":
        return ()
    offered = {tool.name for tool in question.tools} if not question.results else ()
    asked = [(name, arguments) for name, arguments in asked_calls(question.prompt) if name in offered]
    called = asked or [
        (tool.name, msgspec.json.encode(_example(tool.schema, at)).decode())
        for at, tool in enumerate(_called_tools(question, script), start=1)
    ]
    return tuple(Call(f"sim{number:08d}{at}", *call) for at, call in enumerate(called, start=1))


def _called_tools(question: Question, script: Script) -> tuple[Tool, ...]:
    tools = question.tools
    if question.tool_choice not in ("auto", "any"):
        return tuple(tool for tool in tools if tool.name == question.tool_choice)
    if question.results:
        return tools[-1:] if question.tool_choice == "any" else ()
    if script.parallel_tools or "use all tools" in question.prompt:
        return tools if len(tools) > 1 else tools * 2
    if script.tools or question.tool_choice == "any" or "use a tool" in question.prompt:
        return tools[:1]
    return ()


def _example(schema: Any, at: int, name: str = "value") -> Any:
    """A value that fits ``schema``; None if that isn't a schema. ``at`` makes the values of parallel calls differ."""
    if not isinstance(schema, dict):
        return None
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    match str(schema.get("type", "object")).lower():  # Gemini writes types in capitals
        case "object":
            properties = schema.get("properties")
            named = properties.items() if isinstance(properties, dict) else ()
            return {key: _example(value, at, key) for key, value in named}
        case "array":
            return [_example(schema.get("items", {"type": "string"}), at, name)]
        case "integer" | "number":
            return at
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return f"{name} {at}"
