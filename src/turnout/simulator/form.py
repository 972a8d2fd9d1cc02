"""Reads multipart forms (RFC 7578), as far as the SDKs use them."""

from __future__ import annotations

import re

import msgspec

from .http import Request
from .refused import Refused


class Field(msgspec.Struct, frozen=True):
    """``file_name`` is empty for a plain value."""

    value: bytes
    file_name: str = ""

    @property
    def text(self) -> str:
        return self.value.decode("utf-8", "replace")


def read_form(request: Request) -> dict[str, list[Field]]:
    """The fields by their names, without the ``[]`` that marks lists. Raises ``Refused`` for another media type."""
    boundary = re.search(r'boundary="?([^";]+)', request.headers.get("content-type", ""))
    if boundary is None:
        raise Refused(400, "The request must be multipart/form-data.")
    fields: dict[str, list[Field]] = {}
    for piece in request.body.split(b"--" + boundary[1].encode("latin-1")):
        head, separator, value = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'[; ]name="([^"]*)"', head)
        if separator and name:
            file_name = re.search(rb'filename="([^"]*)"', head)
            field = Field(value.removesuffix(b"\r\n"), file_name[1].decode("utf-8", "replace") if file_name else "")
            fields.setdefault(name[1].decode().removesuffix("[]"), []).append(field)
    return fields


def text_of(fields: dict[str, list[Field]], name: str, default: str = "") -> str:
    return fields[name][0].text if name in fields else default
