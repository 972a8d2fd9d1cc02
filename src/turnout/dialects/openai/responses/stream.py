"""Core events → the events of a response. A whole response is the one in the last event of its stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Raw

from turnout.core import (
    Answer,
    ChatRequest,
    Delta,
    Extensions,
    Finish,
    Image,
    Logprobs,
    OwnTool,
    Part,
    PartEnd,
    PartStart,
    RedactedThinking,
    Refusal,
    Relayed,
    Seam,
    Search,
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    Usage,
    UsageSoFar,
    merged_extensions,
    unfold,
)
from turnout.core.framing import payload_of
from turnout.dialects import SSE_COMMENT, ReplyContext, seam_comment
from turnout.dialects.openai.errors import error_fields
from turnout.dialects.openai.own_tools import own_tools_of
from turnout.dialects.sealed import Attached
from turnout.errors import TurnoutError, UpstreamError

from .call_output import CallItem, item_type
from .event_writer import EventWriter
from .output import ContentPart, ImageItem, Item, MessageItem, ReasoningItem
from .references import whole_response
from .relayed_output import RelayedOutput
from .reply import Response, failed_response, status_of
from .resumed import Open, ResumedOutput
from .tool_set import FUNCTION
from .web_search import SearchItem

ItemT = TypeVar("ItemT", bound=Item)


class ResponseRenderer:
    """One stream. After ``close``, ``response`` is the whole response; of a relayed stream only when ``is_stored``."""

    media_type = "text/event-stream"
    keepalive = SSE_COMMENT

    def __init__(self, request: ChatRequest, context: ReplyContext, *, is_stored: bool) -> None:
        self.response: bytes | None = None
        self._request = request
        self._context = context
        self._is_stored = is_stored
        self._writer = EventWriter()
        self._head: Response | None = None
        self._items: list[Item] = []
        self._message: MessageItem | None = None  # the last item when it may get more parts
        self._open: dict[int, Open] = {}
        self._parts: dict[int, Part] = {}
        self._own_tools: dict[str, OwnTool] | None = None  # by their functions; read at the first call
        self._logprobs: list[TokenLogprob] = []  # the tokens of the next text
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._relayed = False
        self._first = b""  # the first frame that has the relayed response
        self._last: list[bytes] = []  # the last frame of a relayed response, and the frames after it

    def feed(self, events: Sequence[StreamEvent]) -> bytes:  # noqa: C901  # one flat match
        frames: list[bytes] = []
        for event in events:
            match event:
                case Delta(index=index, text=text, choice=0):
                    frames.append(self._add_text(index, text))
                case Relayed(data=data):
                    self._relayed = True
                    if not self._first and b'"response"' in data:
                        self._first = data
                    self._writer.next_number()
                    (self._last or frames).append(data)
                case PartStart(index=index, part=part, choice=0):
                    frames.append(self._part_start(index, part))
                case PartEnd(choice=0):
                    frames.append(self._part_end(event))
                case Start():
                    frames.append(self._start(event))
                case Logprobs(tokens=tokens, choice=0):
                    self._logprobs += tokens
                case UsageSoFar(usage=usage):
                    self._usage = usage
                case Finish(choice=0):
                    self._finish = event
                    if self._relayed and self._is_stored and frames:
                        self._last.append(frames.pop())
                case Seam():
                    frames.append(self._resume(event))
        return b"".join(frames)

    def _resume(self, seam: Seam) -> bytes:
        """Goes on with the items of the relayed frames, if the answer was relayed. Raises ``UpstreamBroken``."""
        comment = seam_comment(seam.deployment)
        if not self._relayed:
            return comment
        self._relayed = False
        relayed = RelayedOutput(seam.frames)
        self._writer.number = relayed.number
        self._head = Response(self._request, self._context, Start())
        self._head.resume(relayed.response)
        resumed = ResumedOutput(self._writer, relayed, seam.relayed)
        self._items, self._message = resumed.items, resumed.message
        self._open, self._parts = resumed.open, resumed.parts
        return comment + resumed.frames

    def close(self) -> bytes:
        if self._relayed:
            self.response = whole_response(payload_of(self._last[0])) if self._last else None
            return b"".join(self._last)
        if self._head is None:
            return b""
        status = status_of(self._finish)
        frames = self._seal(status)
        frames += b"".join([item.end() for item in self._items if isinstance(item, SearchItem)])
        self.response = self._head.complete(self._output(), self._finish, self._usage)
        return frames + self._writer.write(f"response.{status}", {"response": Raw(self.response)})

    def fail(self, error: TurnoutError) -> bytes:
        """OpenAI's own SDK raises the ``error`` object. Its reference has the same fields beside it.

        Codex reads ``response.failed`` alone, which ends every stream that has begun. The provider's own passes as it
        came.
        """
        if self._relayed and isinstance(error, UpstreamError) and error.words.event:
            return error.words.event.encode()
        error_object = error_fields(error, self._context.request_id)
        flat = {name: error_object[name] for name in ("code", "message", "param")}
        frames = self._writer.write("error", {**flat, "error": error_object})
        relayed = bool(self._first) and self._head is None
        failed = failed_response(payload_of(self._first), error) if relayed else None
        if failed is None:
            head = self._head or Response(self._request, self._context, Start())
            failed = head.failed(self._output(), self._usage, error)
        return frames + self._writer.write("response.failed", {"response": Raw(failed)})

    def _output(self) -> list[Raw]:
        return [item.whole for item in self._items if item.whole is not None]

    def _start(self, start: Start) -> bytes:
        self._head = Response(self._request, self._context, start)
        response = {"response": Raw(self._head.in_progress())}
        return self._writer.write("response.created", response) + self._writer.write("response.in_progress", response)

    # --- parts -------------------------------------------------------------------------------------------

    def _part_start(self, index: int, part: Part) -> bytes:
        self._parts[index] = part
        match part:
            case Text(text=text, extensions=extensions) if not text and _is_block(extensions):
                return b""  # its end adds an item for the block
            case Text(text=text) | Refusal(text=text):
                return self._content_start(index, part, text)
            case Thinking(text=text):
                thought, frames = self._add(ReasoningItem)
                self._open[index] = thought
                return frames + thought.begin() + (thought.add(text) if text else b"")
            case ToolCall(name=name, arguments=text):
                own = self._own(name)
                call, frames = self._add(*item_type(own))
                self._open[index] = call
                return frames + call.begin(part, own) + (call.add(text) if text else b"")
            case Search():
                return self._search(part)
            case Image(data=str()):
                image, frames = self._add(ImageItem)
                return frames + image.begin(part)
        return b""

    def _search(self, part: Search) -> bytes:
        """A result ends the item of its search, if that came before."""
        open_searches = [item for item in self._items if isinstance(item, SearchItem) and item.is_of(part)]
        if part.queries or not open_searches:
            item, frames = self._add(SearchItem)
            frames += item.begin(part)
            return frames if part.queries and not part.sources else frames + item.end()
        return open_searches[0].found(part)

    def _own(self, function: str) -> OwnTool:
        """What the client calls the function."""
        if self._own_tools is None:
            self._own_tools = own_tools_of(self._request)
        return self._own_tools.get(function) or OwnTool(FUNCTION, function, "")

    def _content_start(self, index: int, part: Text | Refusal, text: str) -> bytes:
        frames, message = b"", self._message
        if message is None:
            message, frames = self._add(MessageItem)
            frames += message.begin()
            self._message = message
        content, response = message.open(part)
        self._open[index] = content
        return frames + response + (self._add_text(index, text) if text else b"")

    def _add_text(self, index: int, text: str) -> bytes:
        item = self._open.get(index)
        if item is None:
            return b""
        if self._logprobs and isinstance(item, ContentPart):
            tokens, self._logprobs = tuple(self._logprobs), []
            return item.add(text, tokens)
        return item.add(text)

    def _part_end(self, event: PartEnd) -> bytes:
        part, item = self._parts.pop(event.index), self._open.pop(event.index, None)
        extensions = merged_extensions(part.extensions, event.extensions)
        match part:
            case Thinking(signature=signature) if isinstance(item, ReasoningItem):
                return item.end(event.signature or signature, extensions)
            case RedactedThinking(data=data):
                return self._add_state_item(RedactedThinking(data, extensions))
            case Search(queries=()):
                return self._add_state_item(Text("", extensions)) if extensions else b""
            case Text() if item is None:
                return self._add_state_item(Text("", extensions))
        done = b""
        if isinstance(item, ContentPart):
            done = item.end((*part.citations, *event.citations) if isinstance(part, Text) else ())
        elif isinstance(item, CallItem):
            done = item.end()
        if not extensions:
            return done
        return done + self._add_state_item(Attached(extensions, part.id if isinstance(part, ToolCall) else None))

    def _add_state_item(self, state: RedactedThinking | Text | Attached) -> bytes:
        item, frames = self._add(ReasoningItem)
        return frames + item.begin() + item.end_with_state(state)

    def _add(self, kind: type[ItemT], prefix: str | None = None) -> tuple[ItemT, bytes]:
        """Adds an item, whose id has the ``prefix`` of its kind. The message before it is complete."""
        frames = self._seal("completed")
        if self._head is None:
            self._head = Response(self._request, self._context, Start())
        number = self._items[-1].number + 1 if self._items else 0
        item = kind(self._writer, number, self._head.item_id(prefix or kind.kind, number))
        self._items.append(item)
        return item, frames

    def _seal(self, status: str) -> bytes:
        message, self._message = self._message, None
        return b"" if message is None else message.seal(status)


def response_body(request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
    """A whole ``response``."""
    renderer = ResponseRenderer(request, context, is_stored=False)
    events = unfold(answer)
    renderer.feed([event for event in events if isinstance(event, Start | Logprobs)])
    renderer.feed([event for event in events if not isinstance(event, Start | Logprobs)])
    renderer.close()
    return renderer.response or b"{}"


def _is_block(extensions: Extensions) -> bool:
    """True when the part stands for a block that only its provider's wire has."""
    return any("block" in fields for fields in (extensions or {}).values())
