"""Answers in JSON, from models that can't be told the form of an answer as the client says it.

A model that can't be held to a schema, or not beside tools, gives its answer as the arguments of a tool that it has to
call. ``AnswerAsText`` gives them back as the text of the answer. Anthropic advised so before it had structured output:
https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use#json-output
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from turnout.core import (
    ChatRequest,
    Deployment,
    Finish,
    Message,
    Output,
    PartStart,
    Request,
    StreamEvent,
    Support,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    forces_a_tool,
    not_relayed,
    readable,
)
from turnout.core.json_schemas import is_of_an_object, is_within_closed_objects
from turnout.errors import Unsupported

from .decoding import Decoder
from .fitting import Fitting

_NAME: Final = "give_answer"
_PURPOSE: Final = "Gives the answer. Call it as soon as you can answer, in place of any text."
_IN_WORDS: Final = Message("system", (Text("Answer with one JSON object and nothing else: no other words, no fence."),))


def answers_as_taken(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """Raises ``Unsupported`` for a schema that no way is left for."""
    kind = request.output.kind
    if kind == "json" and _has_to_be_in_words(request, fitting):
        fitting.said_otherwise("response_format", "in words")
        return not_relayed(_with_words(structs.replace(request, output=Output())))
    if kind == "json" and fitting.support.json_word and not _says_json(request):
        return _with_words(request)
    if kind == "json_schema" and _has_to_be_called(request, fitting):
        return not_relayed(_as_call(request, fitting))
    return request


def is_form_taken(request: Request, support: Support, deployment: Deployment) -> bool:
    """Whether the model takes the form of the answer as a client on its wire says it. If not, the request can't be
    relayed: the answer will need another form, too.
    """
    schemas = deployment.traits.schemas
    if not support.answers_by_call or not isinstance(request, ChatRequest):
        return True
    match schemas, request.output.kind:
        case ("always", _) | (_, "text") | ("never", "json"):
            return True
        case ("never", _):
            return False
    return not readable(request).tools


def answer_tool(request: ChatRequest, fitted: ChatRequest) -> str | None:
    """The name of the tool whose arguments are the answer; None where the answer has a form of its own."""
    if fitted.output == request.output or len(fitted.tools) == len(request.tools):
        return None
    return fitted.tools[-1].name


def _has_to_be_in_words(request: ChatRequest, fitting: Fitting) -> bool:
    return bool(request.tools) and fitting.support.answers_by_call and fitting.deployment.traits.schemas == "alone"


def _with_words(request: ChatRequest) -> ChatRequest:
    return structs.replace(request, messages=(_IN_WORDS, *request.messages))


def _says_json(request: ChatRequest) -> bool:
    texts = (part.text for message in request.messages for part in message.parts if isinstance(part, Text))
    return any("json" in text.lower() for text in texts)


def _has_to_be_called(request: ChatRequest, fitting: Fitting) -> bool:
    schemas, schema = fitting.deployment.traits.schemas, request.output.schema
    if schema is None or not fitting.support.answers_by_call:
        return False
    if schemas == "never" or (schemas == "alone" and request.tools):
        return True
    return fitting.support.closed_schemas and not is_within_closed_objects(bytes(schema))


def _as_call(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    if forces_a_tool(request):  # this answer is a call
        return structs.replace(request, output=Output())
    schema = request.output.schema
    if schema is None or not is_of_an_object(bytes(schema)):
        problem = f"The model '{fitting.deployment.model}' can be held only to the schema of an object here."
        raise Unsupported(problem, param="response_format")
    tool = Tool(_name_beside(request.tools), request.output.description or _PURPOSE, schema)
    may_call = bool(request.tools) and not (request.tool_choice and request.tool_choice.mode == "none")
    choice = ToolChoice("required") if may_call else ToolChoice("tool", tool.name)
    fitting.said_otherwise("response_format", "a tool that has to be called, and its arguments are the answer")
    return structs.replace(request, output=Output(), tools=(*request.tools, tool), tool_choice=choice)


def _name_beside(tools: Sequence[Tool]) -> str:
    names, name = {tool.name for tool in tools}, _NAME
    while name in names:
        name += "_"
    return name


class AnswerAsText:
    """A decoder around another one. It gives the arguments of the first call of ``tool`` as text."""

    def __init__(self, decoder: Decoder, tool: str) -> None:
        self._decoder = decoder
        self._tool = tool
        self._calling: set[int] = set()  # choices that call tools of the client

    def feed(self, data: bytes) -> list[StreamEvent]:
        return [self._changed(event) for event in self._decoder.feed(data)]

    def close(self) -> list[StreamEvent]:
        return [self._changed(event) for event in self._decoder.close()]

    def _changed(self, event: StreamEvent) -> StreamEvent:
        match event:
            case PartStart(part=ToolCall(name=self._tool, arguments=arguments)):
                return structs.replace(event, part=Text(arguments))
            case PartStart(part=ToolCall()):
                self._calling.add(event.choice)
            case Finish(reason="tool_calls") if event.choice not in self._calling:
                return structs.replace(event, reason="stop", native_reason="")  # its own word tells of a call
        return event
