"""Forms with files: their fields, and errors with the field's name."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core import FormPart
from turnout.dialects import multipart
from turnout.dialects.multipart import Form, read_form
from turnout.errors import InvalidRequest

TYPE = "multipart/form-data; boundary=x"
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters='"\\;%'), min_size=1)


def form(*parts: FormPart) -> Form:
    return Form(parts)


def part(head: str, value: bytes = b"v") -> bytes:
    return b"--x\r\n%s\r\n\r\n%s\r\n" % (head.encode(), value)


@given(st.dictionaries(NAMES, st.binary(max_size=200), min_size=1, max_size=5), st.booleans())
def test_what_a_client_writes_is_read(fields: dict[str, bytes], as_files: bool) -> None:
    files = {name: (name if as_files else None, value) for name, value in fields.items()}
    request = httpx.Request("POST", "http://x.test", files=files)
    read = read_form(request.read(), request.headers["content-type"])
    assert [(part.name, part.value) for part in read.parts] == list(fields.items())
    assert {part.file_name for part in read.parts} == (set(fields) if as_files else {None})


def test_a_file_keeps_its_name_and_type() -> None:
    body = part(
        'Content-Disposition: form-data; name="file"; filename="Zoë.wav"\r\nContent-Type: audio/wav', b"\0\r\n-"
    )
    (read,) = read_form(body + b"--x--\r\n", TYPE).parts
    assert read == FormPart("file", b"\0\r\n-", "Zoë.wav", "audio/wav")


NAMED = 'Content-Disposition: form-data; name="a"'
BROKEN = {
    "another type": (b"{}", "application/json"),
    "no type": (b"", ""),
    "no boundary": (b"--x--\r\n", "multipart/form-data"),
    "another boundary": (part(NAMED) + b"--x--", "multipart/form-data; boundary=y"),
    "nothing": (b"", TYPE),
    "cut before the end": (part(NAMED), TYPE),
    "cut in a part": (part(NAMED)[:-6], TYPE),
    "no name": (part("Content-Disposition: form-data") + b"--x--\r\n", TYPE),
    "no disposition": (part("Content-Type: text/plain") + b"--x--\r\n", TYPE),
    "another disposition": (part('Content-Disposition: attachment; name="a"') + b"--x--\r\n", TYPE),
    "too many parts": (part(NAMED) * 201 + b"--x--\r\n", TYPE),
    "a long header": (part(NAMED + "; filename=" + "a" * 100_000) + b"--x--\r\n", TYPE),
    "many headers": (part(NAMED + "\r\nX-A: 1" * 100) + b"--x--\r\n", TYPE),
    "a long boundary": (b"", f"multipart/form-data; boundary={'x' * 5000}"),
}


@pytest.mark.parametrize(("body", "content_type"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_form_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(InvalidRequest):
        read_form(body, content_type)


@given(st.binary(max_size=300))
def test_noise_is_refused_or_read(noise: bytes) -> None:
    try:
        read_form(noise, TYPE)
    except InvalidRequest:
        return


def test_values_are_read_by_their_kind() -> None:
    fields = form(
        FormPart("n", b"3"),
        FormPart("t", b"0.5"),
        FormPart("yes", b"True"),
        FormPart("no", b"false"),
        FormPart("e", b""),
    )
    assert (fields.count("n"), fields.number("t"), fields.text("t")) == (3, 0.5, "0.5")
    assert (fields.flag("yes"), fields.flag("no"), fields.flag("e"), fields.flag("missing")) == (
        True,
        False,
        False,
        False,
    )
    assert (fields.text("e"), fields.text("missing"), fields.number("missing"), fields.count("e")) == (
        None,
        None,
        None,
        None,
    )
    assert form(FormPart("a", b"1"), FormPart("a", b"2")).text("a") == "2"


@pytest.mark.parametrize("value", [b"0", b"-1", b"1.5", b"one", b"9999999999", "٣".encode()])
def test_a_count_is_a_whole_number(value: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        form(FormPart("n", value)).count("n")
    assert caught.value.param == "n"


@pytest.mark.parametrize(
    ("kind", "value"), [("number", b"hot"), ("flag", b"perhaps"), ("text", b"\xff"), ("text", b"x" * 2**21)]
)
def test_what_is_wrong_is_named(kind: str, value: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        getattr(form(FormPart("f", value)), kind)("f")
    assert caught.value.param == "f"


def test_files_and_texts_are_not_taken_for_each_other() -> None:
    file, text = FormPart("f", b"v", "a.png"), FormPart("f", b"v")
    assert list(form(file, FormPart("f[]", b"w", "b.png")).files("f")) == [file, FormPart("f[]", b"w", "b.png")]
    for wrong in (lambda: form(file).text("f"), lambda: next(form(text).files("f")), lambda: form().required("f")):
        with pytest.raises(InvalidRequest) as caught:
            wrong()
        assert caught.value.param == "f"


def test_unknown_fields_are_told() -> None:
    fields = form(FormPart("known", b"1"), FormPart("odd", b"x"), FormPart("more", b"\0", "m.bin"))
    assert {name: bytes(value) for name, value in fields.unknown({"known"}).items()} == {
        "odd": b'"x"',
        "more": b'"m.bin"',
    }


def test_a_form_may_be_cut_anywhere_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "_SLICE", 3)
    value = b"\r\n--\r\n--y\r-\r\n" * 3
    (read,) = read_form(part(NAMED, value) + b"--x--\r\n", TYPE).parts
    assert read == FormPart("a", value)


def test_data_full_of_boundaries_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidRequest, match="more than 200 fields"):
        read_form(part(NAMED, b"\r\n--xyz" * 201) + b"--x--\r\n", TYPE)
