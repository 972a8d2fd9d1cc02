"""Forms with files (``multipart/form-data``, RFC 7578). They are read as a whole: the server limits their bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec
from msgspec import Raw
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from turnout.core import FormPart, WireForm
from turnout.errors import InvalidRequest

_MOST_PARTS = 200
_SLICE = 256 * 1024  # bytes that the parser gets at once
_LONGEST_TEXT = 1024 * 1024  # bytes of a field that is not a file


class Form:
    """A form's fields by name. Each method raises ``InvalidRequest`` when its field has another type."""

    def __init__(self, parts: tuple[FormPart, ...]) -> None:
        self.parts = parts

    def raw(self, wire: str) -> WireForm:
        return WireForm(wire, self.parts)

    def text(self, name: str) -> str | None:
        """The last field of this name counts, as for other servers. None when it is missing or empty."""
        text = None
        for part in self.parts:
            if part.name == name:
                text = _text_of(part)
        return text or None

    def required(self, name: str) -> str:
        text = self.text(name)
        if text is None:
            raise InvalidRequest(f"The form lacks the field '{name}'.", param=name)
        return text

    def number(self, name: str) -> float | None:
        text = self.text(name)
        try:
            return None if text is None else msgspec.convert(text, float, strict=False)
        except msgspec.ValidationError:
            raise InvalidRequest(f"Invalid '{name}': expected a number, got '{text}'.", param=name) from None

    def count(self, name: str) -> int | None:
        text = self.text(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and int(text[:9]) >= 1 and len(text) < 10):
            raise InvalidRequest(f"Invalid '{name}': expected a whole number from 1 on, got '{text}'.", param=name)
        return int(text)

    def flag(self, name: str) -> bool:
        text = (self.text(name) or "false").lower()
        if text not in ("true", "false", "1", "0"):
            raise InvalidRequest(f"Invalid '{name}': expected true or false, got '{text}'.", param=name)
        return text in ("true", "1")

    def files(self, name: str) -> Iterator[FormPart]:
        """The files of a field. In a list of files, each field is called ``name[]``."""
        for part in self.parts:
            if part.name in (name, f"{name}[]"):
                if part.file_name is None:
                    raise InvalidRequest(f"Invalid '{name}': expected a file.", param=name)
                yield part

    def unknown(self, known: Collection[str]) -> dict[str, Raw]:
        """The fields that aren't ``known``: of a file its name, of a repeated field the last text."""
        texts = {part.name: part.file_name or _text_of(part) for part in self.parts if part.name not in known}
        return {name: Raw(msgspec.json.encode(text)) for name, text in texts.items()}


def _text_of(part: FormPart) -> str:
    if part.file_name is not None:
        raise InvalidRequest(f"Invalid '{part.name}': expected a text, got a file.", param=part.name)
    if len(part.value) > _LONGEST_TEXT:
        raise InvalidRequest(f"Invalid '{part.name}': longer than {_LONGEST_TEXT} bytes.", param=part.name)
    try:
        return part.value.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"Invalid '{part.name}': not UTF-8.", param=part.name) from error


def read_form(body: bytes, content_type: str) -> Form:
    """Raises ``InvalidRequest`` unless ``body`` is a complete form with a boundary."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidRequest("Expected a form: 'content-type: multipart/form-data' with a boundary.")
    reader = _Reader()
    try:
        parser = reader.parser(boundary)
        for piece in _slices(body, boundary):
            parser.write(piece)
    except FormParserError as error:
        raise InvalidRequest(f"The form can't be read: {error}") from error
    if not reader.ended:
        raise InvalidRequest("The form can't be read: it ends before its last boundary.")
    return Form(tuple(reader.parts))


def _slices(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """Raises ``InvalidRequest`` for too many boundaries. The parser is slow at each, also where they are only data."""
    boundaries = 0
    for start in range(0, len(body), _SLICE):
        piece = body[start : start + _SLICE]
        boundaries += piece.count(b"\r\n--" + boundary)
        if boundaries > _MOST_PARTS:
            raise _too_many()
        yield piece


def _too_many() -> InvalidRequest:
    return InvalidRequest(f"The form has more than {_MOST_PARTS} fields.")


class _Reader:
    """Collects the parts. The parser calls its methods."""

    def __init__(self) -> None:
        self.parts: list[FormPart] = []
        self.ended = False
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._pieces: list[bytes] = []

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_part_data": self._data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def _begin_part(self) -> None:
        if len(self.parts) == _MOST_PARTS:
            raise _too_many()
        self._headers, self._pieces = {}, []

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])

    def _end_part(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"name")
        if kind != b"form-data" or not name:
            raise InvalidRequest(f"The form's part {len(self.parts)} has no name.")
        file_name, media_type = options.get(b"filename"), self._headers.get(b"content-type")
        part = FormPart(
            _decoded(name),
            b"".join(self._pieces),
            None if file_name is None else _decoded(file_name),
            None if media_type is None else media_type.decode("latin-1"),
        )
        self.parts.append(part)

    def _end(self) -> None:
        self.ended = True


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "replace")
