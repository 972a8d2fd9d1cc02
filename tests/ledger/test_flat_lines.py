"""A journal that an older version left behind is read, and its corrupt lines are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from turnout.core import EndedAttempt, Usage
from turnout.ledger import lines
from turnout.ledger.lines import read_ended
from turnout.ledger.recovery import Recovery

from .support import InMemory, end, start

STARTED = 1_764_000_000_000_000
START = (
    '"{0}-1","{0}",1,1764000000000000,"openai_chat","key_1","alice","fast","fast/openai/0","openai","gpt-4o-mini",true'
)
CHAT = ',"ok",200,12,152340,1523400,421650000,"book-7","stop",null,null,1203,402,1024,5,12,"reported"'
FAILED = ',"failed",200,12,null,1523400,null,null,null,"upstream_timeout","too slow"'
RESIZED = (
    ',"ok",200,12,152340,1523400,421650000,"book-7","stop",null,null,null,null,null,null,null,null,'
    '"chat","[\\"image 1: resized\\"]",null,null,null,null'
)
SPEECH = (
    ',"ok",200,12,152340,1523400,421650000,"book-7","stop",null,null,9,0,0,0,0,"estimated",'
    '"speech",null,null,7,null,null'
)
"""What version 0.1.0 wrote before the fields of the start and of the end had an array each."""

ENDS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (CHAT, {}),
    "failed": (
        FAILED,
        {
            "outcome": "failed",
            "usage": None,
            "cost": None,
            "price_version": None,
            "finish": None,
            "first_token": None,
            "error_code": "upstream_timeout",
            "error": "too slow",
        },
    ),
    "resized": (RESIZED, {"usage": None, "changes": ("image 1: resized",)}),
    "speech": (SPEECH, {"operation": "speech", "usage": Usage(input=9, audio_output=7, source="estimated")}),
}


def started_line(request_id: str) -> str:
    return f"+[{START.format(request_id)}]\n"


def ended_line(request_id: str, rest: str) -> str:
    return f"=[{START.format(request_id)}{rest}]\n"


async def test_a_journal_of_the_version_before_is_replayed(tmp_path: Path) -> None:
    journal = "".join(started_line(name) + ended_line(name, rest) for name, (rest, _) in ENDS.items())
    (tmp_path / "1-1").mkdir()
    (tmp_path / "1-1" / "00000001.log").write_text(journal + started_line("under_way"))
    store = InMemory()
    recovery = Recovery(tmp_path, store)
    await recovery.recover()
    expected = {
        f"{name}-1": EndedAttempt(start(name, started=STARTED), end(name, **fields))
        for name, (_, fields) in ENDS.items()
    }
    lost = EndedAttempt(start("under_way", started=STARTED), None)
    assert store.memory.attempts == expected | {"under_way-1": lost}
    assert (recovery.settled, recovery.lost, recovery.corrupt) == (4, 1, 0)


def test_fields_that_a_still_older_version_did_not_know_have_their_defaults() -> None:
    (attempt,) = read_ended([ended_line("r1", ',"ok",200,12,null,1523400').strip().encode()]).attempts
    assert attempt.end is not None
    assert (attempt.end.total, attempt.end.operation, attempt.end.changes) == (1_523_400, "chat", ())


def test_lines_of_both_versions_are_read_together() -> None:
    flat = ended_line("r1", CHAT).strip().encode()
    today = lines.ended_line(lines.started_line(start("r2")), end("r2")).strip()
    attempts, corrupt = read_ended([flat, today, flat])
    assert ([attempt.start.request_id for attempt in attempts], corrupt) == (["r1", "r2", "r1"], 0)


@pytest.mark.parametrize(
    "bad",
    [
        b"=",
        b"=[",
        b"=[]",
        b"=[1,2]",
        b'=["\xff\xfe"]',
        b"=null",
        b'=["a","b","c"]',
        b"=[],[]",
        ended_line("r3", CHAT).replace('"ok"', '"splendid"').strip().encode(),
        ended_line("r3", RESIZED).replace('"[\\"image 1: resized\\"]"', "1").strip().encode(),
        ended_line("r3", RESIZED).replace('"[\\"image 1: resized\\"]"', '"["').strip().encode(),
    ],
    ids=["mark", "torn", "no-field", "short", "not-utf8", "null", "types", "two", "outcome", "number", "no-json"],
)
def test_a_corrupt_line_is_counted_and_its_neighbours_are_read(bad: bytes) -> None:
    good = ended_line("r1", CHAT).strip().encode()
    attempts, corrupt = read_ended([good, bad, good])
    assert ([attempt.start.request_id for attempt in attempts], corrupt) == (["r1", "r1"], 1)
