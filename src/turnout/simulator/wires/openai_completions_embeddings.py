"""OpenAI's legacy completions and its embeddings
(https://platform.openai.com/docs/api-reference/completions, https://platform.openai.com/docs/api-reference/embeddings).
"""

from __future__ import annotations

import base64
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec

from turnout.simulator.answer import DIMENSIONS, Answer, likely, logprob, vector
from turnout.simulator.http import Request
from turnout.simulator.question import Conversation, Question
from turnout.simulator.refused import Refused
from turnout.simulator.wire import Frame, JsonBodies, decode, sse

from .openai import OpenAIChat, StreamOptions, counts


class BesideChat(JsonBodies, ABC):
    """A wire of a vendor besides chat. Its errors and headers are those of the vendor's chat."""

    media_type = "text/event-stream"
    kind = ""

    def __init__(self, vendor: OpenAIChat) -> None:
        self.name = f"{vendor.name}-{self.kind}"
        self.request_id_header = vendor.request_id_header
        self._vendor = vendor

    @abstractmethod
    def read(self, request: Request, path: Mapping[str, str]) -> Question: ...

    @abstractmethod
    def body(self, question: Question, answer: Answer) -> bytes: ...

    def error(self, refused: Refused) -> bytes:
        return self._vendor.error(refused)

    def error_event(self, refused: Refused) -> bytes:
        return self._vendor.error_event(refused)

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        raise NotImplementedError("this wire has no streams")


class CompletionBody(msgspec.Struct):
    prompt: str | list[str | int | list[int]]
    model: str = ""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=0)] | None = 16
    stop: str | list[str] | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=128)] | None = None
    logprobs: Annotated[int, msgspec.Meta(ge=0, le=5)] | None = None
    echo: bool | None = None


COMPLETION_BODY = msgspec.json.Decoder(CompletionBody)


class Completions(BesideChat):
    """Answers one prompt. Of several prompts it answers the last, once for each of them."""

    kind = "completions"

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(COMPLETION_BODY, request.body)
        prompts = texts_of(body.prompt)
        conversation = Conversation()
        for prompt in prompts:
            conversation.begin("user")
            conversation.text(prompt, is_prompt=True)
        return Question(
            model=path.get("deployment", "") or body.model,
            stream=bool(body.stream),
            prompt=conversation.prompt,
            tokens=conversation.tokens(tools=0),
            max_tokens=body.max_tokens or None,
            stops=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
            choices=(body.n or 1) * len(prompts),
            include_usage=bool(body.stream_options and body.stream_options.include_usage),
            logprobs=body.logprobs,
            details=bool(body.echo),
        )

    def body(self, question: Question, answer: Answer) -> bytes:
        text = (question.prompt if question.details else "") + "".join(answer.text)
        choices = [self._choice(question, index, text, answer.text, answer.finish) for index in range(question.choices)]
        return msgspec.json.encode({**_envelope(question, answer), "choices": choices, "usage": counts(answer.usage)})

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        envelope = _envelope(question, answer)
        for word in ((question.prompt,) if question.details else ()) + answer.text:
            for index in range(question.choices):
                choice = self._choice(question, index, word, (word,), None)
                yield Frame(sse({**envelope, "choices": [choice]}), "content", 1)
        for index in range(question.choices):
            yield Frame(sse({**envelope, "choices": [self._choice(question, index, "", (), answer.finish)]}), "end")
        if question.include_usage:
            yield Frame(sse({**envelope, "choices": [], "usage": counts(answer.usage)}), "end")
        yield Frame(b"data: [DONE]\n\n", "terminator")

    def _choice(
        self, question: Question, index: int, text: str, tokens: tuple[str, ...], finish: str | None
    ) -> dict[str, Any]:
        logprobs = None if question.logprobs is None or not tokens else _logprobs(tokens, question.logprobs)
        return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish}


class EmbeddingBody(msgspec.Struct):
    input: str | list[str | int | list[int]]
    model: str = ""
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, msgspec.Meta(ge=1)] | None = None


EMBEDDING_BODY = msgspec.json.Decoder(EmbeddingBody)


class Embeddings(BesideChat):
    """``details`` are the vectors in the format that the request asks for."""

    kind = "embeddings"

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(EMBEDDING_BODY, request.body)
        texts = texts_of(body.input)
        vectors = [vector(text, body.dimensions or DIMENSIONS) for text in texts]
        packed = body.encoding_format == "base64"
        return Question(
            model=path.get("deployment", "") or body.model,
            stream=False,
            prompt=texts[-1],
            tokens=sum(len(text.split()) for text in texts),
            generates=False,
            details=[_packed(numbers) if packed else numbers for numbers in vectors],
        )

    def body(self, question: Question, answer: Answer) -> bytes:
        rows = [
            {"object": "embedding", "index": index, "embedding": embedding}
            for index, embedding in enumerate(question.details)
        ]
        usage = {"prompt_tokens": answer.usage.input, "total_tokens": answer.usage.input}
        return msgspec.json.encode({"object": "list", "data": rows, "model": question.model, "usage": usage})


def texts_of(content: Any) -> list[str]:
    """The texts of an input, which is one text, several, or token ids. Token ids become a text of numbers."""
    if isinstance(content, str):
        return [content]
    if not content:
        raise Refused(400, "'input' can not be an empty array.")
    if isinstance(content[0], int):
        content = [content]
    return [each if isinstance(each, str) else " ".join(str(token) for token in each) for each in content]


def _packed(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def _envelope(question: Question, answer: Answer) -> dict[str, Any]:
    return {
        "id": f"cmpl-{answer.id}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": question.model,
    }


def _logprobs(tokens: tuple[str, ...], count: int) -> dict[str, Any]:
    """The log probabilities of ``tokens``. Offsets are characters from the beginning of this piece."""
    offsets = [sum(len(token) for token in tokens[:at]) for at in range(len(tokens))]
    return {
        "tokens": list(tokens),
        "token_logprobs": [logprob(token) for token in tokens],
        "top_logprobs": [dict(likely(token, count)) for token in tokens],
        "text_offset": offsets,
    }
