"""Forms are written so that what reads forms finds in them what was put in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.openai_wire import deployment
from turnout.core import FormPart, WireForm
from turnout.dialects.multipart import read_form
from turnout.providers.openai.access import Access
from turnout.providers.openai.form import fields, relayed_parts, send_form

ACCESS = Access("openai")
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters='"\\;%'), min_size=1)
PARTS = st.builds(
    FormPart, NAMES, st.binary(max_size=500), st.none() | NAMES, st.none() | st.sampled_from(["audio/wav", "image/png"])
)


@given(st.lists(PARTS, max_size=6))
def test_what_is_written_is_read(parts: list[FormPart]) -> None:
    wire = send_form(ACCESS, deployment(), "images/edits", parts)
    assert wire.url == "https://api.openai.com/v1/images/edits"
    assert wire.headers["authorization"] == "Bearer sk-test"
    assert read_form(wire.body, wire.headers["content-type"]).parts == tuple(parts)


def test_names_cant_end_a_header() -> None:
    odd = FormPart('a"b\r\nc', b"", 'd"\r\nX-Evil: 1')
    body = send_form(ACCESS, deployment(), "x", [odd]).body
    assert body.count(b"\r\n") == 5  # after the boundary, its header, the blank line, the value, the last boundary
    assert b'name="a%22b%0D%0Ac"; filename="d%22%0D%0AX-Evil: 1"' in body


def test_a_relayed_form_keeps_everything_but_the_model() -> None:
    form = WireForm("w", (FormPart("a", b"1"), FormPart("model", b"mine"), FormPart("file", b"\0", "f.wav")))
    parts = list(relayed_parts(form, deployment(model="m-1")))
    assert sorted(parts, key=lambda part: part.name) == [
        FormPart("a", b"1"),
        FormPart("file", b"\0", "f.wav"),
        FormPart("model", b"m-1"),
    ]


def test_what_isnt_said_is_no_field() -> None:
    assert list(fields(a=1, b=None, c="x")) == [FormPart("a", b"1"), FormPart("c", b"x")]
