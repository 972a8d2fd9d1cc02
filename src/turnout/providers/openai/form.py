"""Writes forms with files (``multipart/form-data``, RFC 7578)."""

from __future__ import annotations

from collections.abc import Iterable
from secrets import token_hex

from turnout.core import Deployment, FormPart, WireForm, WireRequest

from .access import Access

_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""Browsers and the official SDK escape names this way (https://html.spec.whatwg.org/multipage/form-control-infrastructure.html)."""


def field(name: str, value: object) -> FormPart:
    return FormPart(name, str(value).encode())


def fields(**values: object) -> Iterable[FormPart]:
    """The fields whose values aren't None."""
    return (field(name, value) for name, value in values.items() if value is not None)


def relayed_parts(form: WireForm, deployment: Deployment) -> Iterable[FormPart]:
    """The client's own parts in their order, with the model's name replaced."""
    yield field("model", deployment.model)
    yield from (part for part in form.parts if part.name != "model")


def send_form(access: Access, deployment: Deployment, path: str, parts: Iterable[FormPart]) -> WireRequest:
    boundary = token_hex(16)
    pieces = []
    for part in parts:
        pieces += [b"--%s\r\n" % boundary.encode(), _head(part), part.value, b"\r\n"]
    pieces.append(b"--%s--\r\n" % boundary.encode())
    return access.request(deployment, path, b"".join(pieces), f"multipart/form-data; boundary={boundary}")


def _head(part: FormPart) -> bytes:
    head = f'Content-Disposition: form-data; name="{part.name.translate(_ESCAPES)}"'
    if part.file_name is not None:
        head += f'; filename="{part.file_name.translate(_ESCAPES)}"'
    if part.media_type:
        head += f"\r\nContent-Type: {part.media_type}"
    return f"{head}\r\n\r\n".encode()
