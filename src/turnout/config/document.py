"""A YAML file as plain data that remembers the line of every key.

It follows YAML 1.2's core rules: ``no`` and ``2024-10-21`` are texts. ``${VAR}`` and ``${VAR:-default}`` expand inside
single texts after the file has been parsed, so the value of a variable can't add structure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, cast

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from .mistakes import KeyPath, Mistake, fail, raise_any

MAX_DEPTH: Final = 32
MAX_VALUES: Final = 2_000_000
"""Values that a file can have. An alias (``*name``) counts as all the values that it stands for."""

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(?:(true|True|TRUE)|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]{1,30}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?\Z")
_REFERENCE = re.compile(r"\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")
_TEXT_TAG = "tag:yaml.org,2002:str"
_MERGE = "<<"


class Mark(NamedTuple):
    """The line of a value, counted from 1, the marks of the values inside it, and the variable it came from."""

    line: int
    inside: Mapping[str | int, Mark] = {}
    variable: str | None = None


class Document(NamedTuple):
    """``data`` is made of dicts with text keys, lists, texts, numbers, booleans and None."""

    name: str
    data: object
    mark: Mark

    def line(self, path: KeyPath) -> int:
        """The line of the key. If the file doesn't have it, the line of the nearest enclosing key."""
        return self._mark(path).line

    def variable(self, path: KeyPath) -> str | None:
        """The first environment variable in the text at ``path``, if there is one."""
        return self._mark(path).variable

    def mistake(self, path: KeyPath, problem: str) -> Mistake:
        return Mistake(self.name, self.line(path), path, problem)

    def _mark(self, path: KeyPath) -> Mark:
        mark = self.mark
        for step in path:
            inner = mark.inside.get(step)
            if inner is None:
                break
            mark = inner
        return mark


def read_document(path: Path, variables: Mapping[str, str]) -> Document:
    """Raises ``ConfigError`` for a file that can't be read or isn't YAML, and for variables that aren't set."""
    try:
        content = path.read_bytes()
    except OSError as error:
        fail(Mistake(str(path), 0, (), f"can't be read: {error.strerror}"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fail(Mistake(str(path), line, (), "is not UTF-8 text"))
    return parse_document(text, str(path), variables)


def parse_document(text: str, name: str, variables: Mapping[str, str]) -> Document:
    """Like ``read_document``, from a text. Mistakes call the file ``name``."""
    reader = _Reader(text, name, variables)
    try:
        data, mark = reader.document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        fail(Mistake(name, line, (), f"is not YAML: {_problem(error)}{_hint(text, line)}"))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        fail(Mistake(name, line, (), "is not YAML: control characters are not allowed"))
    raise_any(reader.mistakes)
    return Document(name, data, mark)


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _problem(error: yaml.MarkedYAMLError) -> str:
    """libyaml's message. It never quotes the file."""
    return " ".join(part for part in (error.context, error.problem) if part)


def _hint(text: str, line: int) -> str:
    """Advice for two common mistakes: tabs as indentation, and an unquoted ``${…}`` inside brackets."""
    wrong_line = "".join(text.splitlines()[line - 1 : line])
    if "\t" in wrong_line[: len(wrong_line) - len(wrong_line.lstrip())]:
        return "; indent with spaces, not with tabs"
    return "; quote a text with ${…} inside brackets" if "${" in wrong_line else ""


class _Reader:
    """Reads the parser's events one by one, so that it can refuse depth and size before it builds values."""

    def __init__(self, text: str, name: str, variables: Mapping[str, str]) -> None:
        loader = yaml.CBaseLoader(text)  # only libyaml's parser is used, not its loader
        self._next = cast(Callable[[], Event], loader.get_event)
        self._name = name
        self._variables = variables
        self._anchors: dict[str, tuple[object, Mark, int]] = {}
        self._values = 0
        self.mistakes: list[Mistake] = []

    def document(self) -> tuple[object, Mark]:
        self._next()  # the stream's start
        if isinstance(self._next(), StreamEndEvent):
            return None, Mark(1)
        data, mark = self._value(self._next(), ())
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, StreamEndEvent):
            self._stop(event, (), "expected one document; there is a second one after '---'")
        return data, mark

    def _value(self, event: Event, path: KeyPath) -> tuple[object, Mark]:
        before = self._values
        self._values += 1
        if self._values > MAX_VALUES:
            self._stop(event, path, f"expected at most {MAX_VALUES:,} values in a file")
        if len(path) > MAX_DEPTH:
            self._stop(event, path, f"expected at most {MAX_DEPTH} levels")
        match event:
            case ScalarEvent():
                data, mark = self._scalar(event, path)
            case SequenceStartEvent():
                data, mark = self._sequence(event, path)
            case MappingStartEvent():
                data, mark = self._mapping(event, path)
            case AliasEvent():
                return self._alias(event, path)
            case _:
                raise TypeError(f"the parser gave {type(event).__name__} where a value begins")
        self._refuse_tag(event, path)
        if event.anchor:
            self._anchors[event.anchor] = (data, mark, self._values - before)
        return data, mark

    def _sequence(self, event: Event, path: KeyPath) -> tuple[object, Mark]:
        items: list[object] = []
        inside: dict[str | int, Mark] = {}
        while not isinstance(item := self._next(), SequenceEndEvent):
            number = len(items)
            data, mark = self._value(item, (*path, number))
            items.append(data)
            inside[number] = mark
        return items, Mark(_line(event), inside)

    def _mapping(self, event: Event, path: KeyPath) -> tuple[object, Mark]:
        pairs: dict[str, object] = {}
        inside: dict[str | int, Mark] = {}
        merged: list[tuple[object, Mark]] = []
        while not isinstance(key := self._next(), MappingEndEvent):
            if not isinstance(key, ScalarEvent):
                self._stop(key, path, "expected a text as a key")
            name, line = key.value, _line(key)
            data, mark = self._value(self._next(), (*path, name))
            if name == _MERGE and key.implicit[0]:
                merged.append((data, mark))
            elif name in pairs:
                first = inside[name].line
                self.mistakes.append(Mistake(self._name, line, (*path, name), f"is there twice, first in line {first}"))
            else:
                pairs[name], inside[name] = data, Mark(line, mark.inside, mark.variable)
        for data, mark in merged:
            self._merge(data, mark, path, pairs, inside)
        return pairs, Mark(_line(event), inside)

    def _merge(
        self, data: object, mark: Mark, path: KeyPath, pairs: dict[str, object], inside: dict[str | int, Mark]
    ) -> None:
        """``<<: *defaults`` adds the keys that the mapping doesn't have."""
        if not isinstance(data, dict):
            self.mistakes.append(Mistake(self._name, mark.line, path, "expected a mapping after '<<'"))
            return
        for name, value in data.items():
            if name not in pairs:
                pairs[name], inside[name] = value, mark.inside[name]

    def _alias(self, event: AliasEvent, path: KeyPath) -> tuple[object, Mark]:
        anchor = self._anchors.get(event.anchor or "")
        if anchor is None:  # the message doesn't print the name: it can be a secret that begins with an asterisk
            self._stop(event, path, "no such anchor (&) before this alias (*); quote a text that begins with '*'")
        data, mark, size = anchor
        self._values += size
        return data, mark._replace(line=_line(event))

    def _scalar(self, event: ScalarEvent, path: KeyPath) -> tuple[object, Mark]:
        text, line = event.value, _line(event)
        if "${" in text:
            expanded, variable = self._expand(event, path)
            return expanded, Mark(line, variable=variable)
        return (_parse_plain(text) if event.tag is None and event.implicit[0] else text), Mark(line)

    def _expand(self, event: ScalarEvent, path: KeyPath) -> tuple[str, str | None]:
        """The text with the values of its variables, and its first variable. Values are not expanded again."""
        used: list[str] = []

        def value(match: re.Match[str]) -> str:
            name, default = match[1], match[2]
            if name is None:
                self._note(event, path, "expected ${NAME} or ${NAME:-default}")
                return ""
            used.append(name)
            if default is not None:
                return self._variables.get(name) or default
            if name not in self._variables:
                self._note(event, path, f"the environment variable {name} is not set")
            return self._variables.get(name, "")

        return _REFERENCE.sub(value, event.value), next(iter(used), None)

    def _refuse_tag(self, event: ScalarEvent | CollectionStartEvent, path: KeyPath) -> None:
        if event.tag not in (None, "!", _TEXT_TAG):
            self._note(event, path, "expected no tag (!…)")

    def _note(self, event: Event, path: KeyPath, problem: str) -> None:
        self.mistakes.append(Mistake(self._name, _line(event), path, problem))

    def _stop(self, event: Event, path: KeyPath, problem: str) -> NoReturn:
        fail(*self.mistakes, Mistake(self._name, _line(event), path, problem))


def _parse_plain(text: str) -> object:
    """The value of an unquoted text by YAML 1.2's core rules. Infinity and not-a-number stay texts."""
    if _NULL.match(text):
        return None
    if boolean := _BOOL.match(text):
        return boolean[1] is not None
    if _INT.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
