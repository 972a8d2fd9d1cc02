"""``POST /infer``: a task in the form that a worker takes."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec

from turnout.core import Answer, ChatRequest, Message, Sampling, Text, WireBody
from turnout.core.confidence import confidence_of
from turnout.core.prompts import messages_of
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.parsing import check_encoding, decode, decode_fields
from turnout.dialects.whole_reply import WholeReply


class _Task(msgspec.Struct):
    """Only Turnout has ``model`` and ``max_tokens``: a worker has one model, Turnout has many."""

    task_id: str
    prompt: Annotated[str, msgspec.Meta(min_length=1)]
    context: dict[str, msgspec.Raw] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.2
    model: str = ""
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None


_TASK = msgspec.json.Decoder(_Task)
_STRING = msgspec.json.Decoder(str)


class Infer(WholeReply):
    wire = "task"
    operation = ChatRequest.operation
    paths = ("/infer",)
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> ChatRequest:
        """A request without a model is for the default one."""
        check_encoding(body)
        task = decode(_TASK, body)
        return ChatRequest(
            model=task.model,
            messages=(*_context(task.context), *messages_of(task.prompt)),
            sampling=Sampling(temperature=task.temperature),
            max_output=task.max_tokens,
            service=True,
            raw=WireBody(self.wire, decode_fields(body), form=_Task),
        )

    def body(self, request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
        parts = answer.choices[0].parts if answer.choices else ()
        confidence = confidence_of(answer, context.facts().success if context.facts else 1.0)
        return msgspec.json.encode(
            {
                "task_id": _STRING.decode(request.raw.fields["task_id"]) if request.raw else "",
                "model_id": context.model,
                "output": "".join(part.text for part in parts if isinstance(part, Text)),
                "tokens_used": answer.usage.total if answer.usage else 0,
                "duration_ms": 0 if context.received is None else int((time.perf_counter() - context.received) * 1000),
                "confidence": confidence.value,
                "confidence_source": confidence.source,
            }
        )


def _context(context: dict[str, msgspec.Raw] | None) -> tuple[Message, ...]:
    """A system message with ``key: value`` lines, in the order of the request."""
    if not context:
        return ()
    lines = [f"{key}: {_value_text(value)}" for key, value in context.items()]
    return (Message("system", (Text("\n".join(lines)),)),)


def _value_text(value: msgspec.Raw) -> str:
    """A string without its quotes; any other value as its JSON."""
    return _STRING.decode(value) if bytes(value)[:1] == b'"' else bytes(value).decode()
