"""What is left unread is read once, when somebody looks, and errors name the field."""

from __future__ import annotations

from typing import Any

import pytest

from turnout.core import ChatRequest, Message, Rest, Text, Tool, ToolChoice, Unread, UnreadList, readable, whole
from turnout.errors import InvalidRequest, Unreadable

HI = (Message("user", (Text("hi"),)),)
SEEN = (Message("user", (Text("seen"),)),)
REST = Rest(HI, (Tool("f"),), ToolChoice("none"), {"openai": {}})


class Reader:
    """Counts how often it reads. ``error`` is the field that it can't read."""

    def __init__(self, error: str = "") -> None:
        self.times = 0
        self._error = error

    def __call__(self) -> Rest:
        self.times += 1
        if self._error:
            raise InvalidRequest(f"Invalid '{self._error}'.", param=self._error)
        return REST


def request(reader: Reader, **fields: Any) -> ChatRequest:
    unread = Unread(reader, lambda: SEEN, b'{"a":{}}', earlier=3)
    lists: dict[str, Any] = {"messages": UnreadList(unread.messages), "tools": UnreadList(unread.tools)}
    return ChatRequest(model="m", unread=unread, **lists | fields)


def test_nothing_is_read_before_somebody_looks() -> None:
    reader = Reader()
    asked = request(reader)
    assert repr(asked.messages) == "<unread>"
    assert asked.unread is not None
    assert (asked.unread.size, asked.unread.objects) == (11, 5)
    assert reader.times == 0


def test_it_is_read_once() -> None:
    reader = Reader()
    asked = request(reader)
    assert (len(asked.messages), asked.messages[0], asked.messages[:1]) == (1, HI[0], HI)
    assert (asked.messages, list(asked.tools)) == (HI, [Tool("f")])
    assert asked.messages == request(Reader()).messages
    assert hash(asked.messages) == hash(HI)
    assert whole(asked) == ChatRequest(
        model="m", messages=HI, tools=REST.tools, tool_choice=REST.tool_choice, extensions=REST.extensions
    )
    assert reader.times == 1


def test_a_whole_request_stays_as_it_is() -> None:
    asked = ChatRequest(model="m", messages=HI)
    assert whole(asked) is asked
    assert readable(asked) is asked


def test_messages_that_a_step_has_changed_stay() -> None:
    assert whole(request(Reader(), messages=SEEN)).messages == SEEN
    assert readable(request(Reader("x"), messages=HI)).messages == HI


@pytest.mark.parametrize("look", [whole, lambda asked: list(asked.messages), lambda asked: len(asked.tools)])
def test_whoever_needs_it_is_told_the_field(look: Any) -> None:
    with pytest.raises(Unreadable, match=r"Invalid 'tools\[0\]'") as caught:
        look(request(Reader("tools[0]")))
    assert caught.value.param == "tools[0]"
    assert caught.value.code == "invalid_request"


def test_who_only_looks_sees_what_can_be_found() -> None:
    reader = Reader("x")
    asked = request(reader)
    for _ in range(2):
        seen = readable(asked)
        assert (seen.messages, seen.tools, seen.unread) == (SEEN, (), None)
    assert reader.times == 1
    assert readable(request(Reader())).messages == HI
