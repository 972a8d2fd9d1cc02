"""The journal's lines say everything, and survive what providers send."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core import AttemptEnd, AttemptStart, Usage
from turnout.ledger.lines import LONGEST_ERROR, ended_line, read_ended, read_started, started_line
from turnout.ledger.record import request_record
from turnout.storage import LARGEST_INTEGER, AttemptRow

from .support import end, start

numbers = st.integers(-(2**63) + 1, 2**63 - 1)
texts = st.text()
usages = st.builds(
    Usage, input=numbers, output=numbers, cached_input=numbers, cache_write=numbers, reasoning=numbers,
    audio_input=st.just(0) | numbers, audio_output=st.just(0) | numbers,
    image_input=st.just(0) | numbers, image_output=st.just(0) | numbers,
    source=st.sampled_from(["reported", "estimated"]),
)  # fmt: skip
starts = st.builds(
    AttemptStart, attempt_id=texts, request_id=texts, number=numbers, started=numbers, dialect=texts, key_id=texts,
    user=texts, model=texts, deployment=texts, provider=texts, upstream_model=texts, stream=st.booleans(),
)  # fmt: skip
ends = st.builds(
    AttemptEnd, attempt_id=texts, outcome=st.sampled_from(["ok", "failed", "cut", "client_gone"]), status=numbers,
    queue=numbers, first_token=st.none() | numbers, total=numbers, usage=st.none() | usages,
    cost=st.none() | numbers, price_version=st.none() | texts, finish=st.none() | texts,
    error_code=st.none() | texts, error=st.none() | texts,
    operation=st.sampled_from(["chat", "embeddings"]), changes=st.just(()) | st.lists(texts, min_size=1).map(tuple),
)  # fmt: skip


def read_one(line: bytes) -> AttemptRow:
    rows, corrupt = read_ended([line.removesuffix(b"\n")])
    assert (len(rows), corrupt) == (1, 0)
    return rows[0]


@given(starts, ends)
def test_a_line_holds_every_field_of_the_start_and_the_end(started: AttemptStart, ended: AttemptEnd) -> None:
    line = ended_line(started_line(started), ended)
    row = read_one(line)
    assert line.count(b"\n") == 1
    for name in AttemptStart.__struct_fields__:
        assert getattr(row, name) == getattr(started, name)
    for name in {*AttemptEnd.__struct_fields__} - {"attempt_id", "usage", "changes"}:
        assert getattr(row, name) == getattr(ended, name)
    assert (row.changes and msgspec.json.decode(row.changes)) == (list(ended.changes) or None)
    told = request_record(row.request_id, [row]).attempts[0]
    assert (told.usage, told.operation, told.changes) == (ended.usage, ended.operation, ended.changes)


def test_an_ordinary_chat_pays_for_no_field_that_it_does_not_have() -> None:
    plain = ended_line(started_line(start("r1")), end("r1"))
    assert plain.endswith(b'"reported"]\n')
    resized = ended_line(started_line(start("r1")), end("r1", usage=None, changes=("resized",)))
    assert resized.endswith(b',null,null,null,null,null,null,"chat","[\\"resized\\"]",null,null,null,null]\n')


def test_a_started_line_is_read_as_it_was_written() -> None:
    (row,) = read_started([started_line(start("r1")).removesuffix(b"\n")])
    assert row is not None
    assert msgspec.structs.asdict(row) == msgspec.structs.asdict(start("r1", started=row.started))


@pytest.mark.parametrize("sign", [1, -1], ids=["huge", "hugely negative"])
def test_a_number_no_column_can_hold_becomes_the_nearest_one_that_can_be_held(sign: int) -> None:
    absurd = end("r1", usage=Usage(input=sign * 10**30, output=7), cost=sign * 2**63)
    row = read_one(ended_line(started_line(start("r1")), absurd))
    assert (row.input, row.output, row.cost) == (sign * LARGEST_INTEGER, 7, sign * LARGEST_INTEGER)


def test_half_a_surrogate_pair_does_not_stop_a_record() -> None:
    row = read_one(ended_line(started_line(start("r1", model="m\ud800")), end("r1", error="e\udfff")))
    assert (row.model, row.error) == ("m?", "e?")


def test_a_page_for_an_error_is_cut() -> None:
    row = read_one(ended_line(started_line(start("r1")), end("r1", "failed", error="x" * 10**6)))
    assert row.error == "x" * LONGEST_ERROR


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\0" * 300,
        b"=",
        b"=[",
        b"=[1,2]",
        b'=["\xff\xfe"]',
        b"=null",
        b'=["a","b","c"]',
        b"?[]",
        b"=[],[]",
        ended_line(started_line(start("r3")), end("r3")).replace(b'"ok"', b'"splendid"').strip(),
    ],
    ids=["empty", "zeros", "mark", "torn", "short", "not-utf8", "null", "types", "unknown-mark", "two", "outcome"],
)
def test_a_corrupt_line_is_counted_and_its_neighbours_are_read(bad: bytes) -> None:
    good = [ended_line(started_line(start(r)), end(r)).removesuffix(b"\n") for r in ("r1", "r2")]
    rows, corrupt = read_ended([good[0], bad, good[1]])
    assert ([row.request_id for row in rows], corrupt) == (["r1", "r2"], 1)


def test_two_rows_in_one_line_are_a_corrupt_line() -> None:
    """Lines are read many at a time, as one array: what one of them holds must not pass for two."""
    array = ended_line(started_line(start("r1")), end("r1"))[1:].strip()
    assert read_ended([b"=" + array + b"," + array, b"=" + array]).corrupt == 1


def test_a_corrupt_started_line_is_told() -> None:
    good = started_line(start("r1")).removesuffix(b"\n")
    assert [row and row.request_id for row in read_started([b"+[", good, b'+["\xff"]'])] == [None, "r1", None]


def test_a_line_of_an_older_version_without_the_newest_fields_is_read() -> None:
    line = ended_line(started_line(start("r1")), end("r1", usage=None)).removesuffix(b"\n")
    fields = msgspec.json.decode(line[1:])
    row = read_one(b"=" + msgspec.json.encode(fields[:17]))
    assert (row.total, row.operation, row.changes) == (1_523_400, "chat", None)


def test_a_line_of_a_newer_version_with_more_fields_is_read() -> None:
    newest = end("r1", operation="speech", usage=Usage(audio_output=7))
    line = ended_line(started_line(start("r1")), newest).removesuffix(b"\n")
    assert read_one(line[:-1] + b',"more",1]').audio_output == 7
