"""The journal's lines have every field, and survive whatever providers send."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from turnout.core import AttemptEnd, AttemptStart, Extra, InnerUsage, PlannedStep, PlanRecord, Usage
from turnout.core.integers import LARGEST_INTEGER
from turnout.ledger.lines import (
    LONGEST_ERROR,
    ended_line,
    metered_line,
    read_ended,
    read_metered,
    read_started,
    started_line,
)

from .support import end, start

numbers = st.integers(-(2**63) + 1, 2**63 - 1)
texts = st.text()
usages = st.builds(
    Usage, input=numbers, output=numbers, cached_input=numbers, cache_write=numbers, reasoning=numbers,
    audio_input=st.just(0) | numbers, audio_output=st.just(0) | numbers,
    image_input=st.just(0) | numbers, image_output=st.just(0) | numbers,
    source=st.sampled_from(["reported", "estimated", "interrupted"]), extra=st.just(Extra()) | st.builds(
        Extra, cache_write_1h=numbers, service_tier=texts,
        inner=st.lists(st.builds(InnerUsage, texts, st.builds(Usage, input=numbers))).map(tuple),
    ),
)  # fmt: skip
starts = st.builds(
    AttemptStart, attempt_id=texts, request_id=texts, number=numbers, started=numbers, dialect=texts, key_id=texts,
    user=texts, model=texts, deployment=texts, provider=texts, upstream_model=texts, stream=st.booleans(),
    continues=st.none() | numbers, seam=st.sampled_from([None, "continue", "restart"]),
    session=texts, agent=texts, end_user=texts, tags=st.lists(texts).map(tuple),
    input_estimate=st.none() | numbers, cost_estimate=st.none() | numbers, team=texts, alias_of=texts,
)  # fmt: skip
ends = st.builds(
    AttemptEnd, attempt_id=texts, outcome=st.sampled_from(["ok", "failed", "cut", "client_gone"]), status=numbers,
    queue=numbers, first_token=st.none() | numbers, total=numbers, usage=st.none() | usages,
    cost=st.none() | numbers, price_version=st.none() | texts, finish=st.none() | texts,
    error_code=st.none() | texts, error=st.none() | texts,
    operation=st.sampled_from(["chat", "embeddings"]), changes=st.just(()) | st.lists(texts, min_size=1).map(tuple),
    at_fault=st.sampled_from([None, "client", "turnout", "provider"]),
    billing_rule=st.sampled_from([None, "report", "text", "until_cancel", "no_answer"]),
    saved=st.none() | numbers,
)  # fmt: skip

FIRST_FIELDS = {
    AttemptStart: [
        "attempt_id", "request_id", "number", "started", "dialect", "key_id", "user", "model", "deployment",
        "provider", "upstream_model", "stream",
    ],
    AttemptEnd: ["attempt_id", "outcome", "status", "queue", "total"],
}  # fmt: skip


def read_one(line: bytes) -> tuple[AttemptStart, AttemptEnd]:
    (attempt,), corrupt = read_ended([line.removesuffix(b"\n")])
    assert corrupt == 0
    assert attempt.end is not None
    return attempt.start, attempt.end


@given(starts, ends)
def test_a_line_holds_every_field_of_the_start_and_the_end(started: AttemptStart, ended: AttemptEnd) -> None:
    line = ended_line(started_line(started), ended)
    assert line.count(b"\n") == 1
    assert read_one(line) == (started, ended)


@given(ends)
def test_a_metered_line_holds_every_field_of_the_end_that_it_stands_for(so_far: AttemptEnd) -> None:
    line = metered_line(so_far)
    assert line.count(b"\n") == 1
    lines = [started_line(start("r1")), line, ended_line(started_line(start("r2")), end("r2"))]
    assert list(read_metered([each.removesuffix(b"\n") for each in lines])) == [so_far]
    assert read_ended([line.removesuffix(b"\n")]) == ([], 0)


def test_a_metered_line_that_cannot_be_read_is_told() -> None:
    assert list(read_metered([b'~["half', b"~\xff"])) == [None, None]


def test_the_format_of_an_ended_line() -> None:
    """Journals outlive a version: the fields have these places for ever, new ones come after them."""
    plan = PlanRecord((PlannedStep("a", "first", {"cost": 0.5}),), (PlannedStep("b", "draining"),))
    asked = start("r1", started=5, session="s1", agent="codex", tags=("blue",), input_estimate=9, cost_estimate=8)
    asked = replace(asked, team="research", alias_of="gpt")
    ended = end("r1", changes=("resized",), plan=plan, at_fault="client", billing_rule="report", saved=7)
    line = ended_line(started_line(asked), ended)
    assert line == (
        b'-[["r1-1","r1",1,5,"openai_chat","key_1","alice","fast","fast/openai/0","openai","gpt-4o-mini",true,null,null,'
        b'"s1","codex","",["blue"],9,8,"research","gpt"],'
        b'["r1-1","ok",200,12,152340,1523400,'
        b'{"input":1203,"output":402,"cached_input":1024,"cache_write":5,"reasoning":12},'
        b'421650000,"book-7","chat",["resized"],"stop",null,null,'
        b'[[["a","first",{"cost":0.5}]],[["b","draining",{}]]],"client","report",7]]\n'
    )


def test_lines_of_the_version_before_are_read() -> None:
    """An attempt did not say which one it goes on with."""
    written = start("r1")
    started = started_line(written).replace(b',null,null,"","","",[],null,null,"",""]', b"]")
    assert started.endswith(b",true]\n")
    assert list(read_started([started.removesuffix(b"\n")])) == [written]
    assert read_one(ended_line(started, end("r1"))) == (written, end("r1"))


def test_a_started_line_is_read_as_it_was_written() -> None:
    written = start("r1", continues=1, seam="continue")
    assert list(read_started([started_line(written).removesuffix(b"\n")])) == [written]


@pytest.mark.parametrize("sign", [1, -1], ids=["huge", "hugely negative"])
def test_a_number_no_column_can_hold_becomes_the_nearest_one_that_can_be_held(sign: int) -> None:
    absurd = end("r1", usage=Usage(input=sign * 10**30, output=7), cost=sign * 2**63)
    _, ended = read_one(ended_line(started_line(start("r1")), absurd))
    assert ended.usage == Usage(input=sign * LARGEST_INTEGER, output=7)
    assert ended.cost == sign * LARGEST_INTEGER


def test_half_a_surrogate_pair_does_not_stop_a_record() -> None:
    half = end("r1", error="e\udfff", changes=("c\ud800",), usage=Usage(input=5))
    started, ended = read_one(ended_line(started_line(start("r1", model="m\ud800")), half))
    assert (started.model, ended.error, ended.changes, ended.usage) == ("m?", "e?", ("c?",), Usage(input=5))


def test_a_page_for_an_error_is_cut() -> None:
    _, ended = read_one(ended_line(started_line(start("r1")), end("r1", outcome="failed", error="x" * 10**6)))
    assert ended.error == "x" * LONGEST_ERROR


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\0" * 300,
        b"-",
        b"-[",
        b"-[1,2]",
        b'-["\xff\xfe"]',
        b"-null",
        b'-["a","b","c"]',
        b"?[]",
        b"-[],[]",
        ended_line(started_line(start("r3")), end("r3")).replace(b'"ok"', b'"splendid"').strip(),
    ],
    ids=["empty", "zeros", "mark", "torn", "short", "not-utf8", "null", "types", "unknown-mark", "two", "outcome"],
)
def test_a_corrupt_line_is_counted_and_its_neighbours_are_read(bad: bytes) -> None:
    good = [ended_line(started_line(start(r)), end(r)).removesuffix(b"\n") for r in ("r1", "r2")]
    attempts, corrupt = read_ended([good[0], bad, good[1]])
    assert ([attempt.start.request_id for attempt in attempts], corrupt) == (["r1", "r2"], 1)


def test_two_attempts_in_one_line_are_a_corrupt_line() -> None:
    """Lines are read many at a time, as one array: what one of them holds must not pass for two."""
    array = ended_line(started_line(start("r1")), end("r1"))[1:].strip()
    assert read_ended([b"-" + array + b"," + array, b"-" + array]).corrupt == 1


def test_a_corrupt_started_line_is_reported() -> None:
    good = started_line(start("r1")).removesuffix(b"\n")
    starts = read_started([b"+[", good, b'+["\xff"]'])
    assert [start and start.request_id for start in starts] == [None, "r1", None]


def test_a_line_of_an_older_version_without_the_newest_fields_is_read() -> None:
    """They have their defaults."""
    line = ended_line(started_line(start("r1")), end("r1")).strip()
    started, ended = msgspec.json.decode(line[1:])
    required = 1 + AttemptEnd.__struct_fields__.index("total")
    _, read = read_one(b"-" + msgspec.json.encode([started, ended[:required]]))
    assert (read.total, read.usage, read.operation, read.changes) == (1_523_400, None, "chat", ())


def test_lines_of_a_newer_version_with_more_fields_are_read() -> None:
    line = ended_line(started_line(start("r1")), end("r1")).strip()
    started, ended = msgspec.json.decode(line[1:])
    newer = [[*started, "s-1"], [*ended, 1], "more"]
    assert read_one(b"-" + msgspec.json.encode(newer))[1] == end("r1")
    assert list(read_started([b"+" + msgspec.json.encode(newer[0])])) != [None]


@pytest.mark.parametrize("declaration", [AttemptStart, AttemptEnd])
def test_a_field_that_came_later_has_a_default(declaration: type[msgspec.Struct]) -> None:
    """Without one, no journal and no row of an older version could be read."""
    fields = [field.name for field in msgspec.structs.fields(declaration) if field.required]
    assert fields == FIRST_FIELDS[declaration]
