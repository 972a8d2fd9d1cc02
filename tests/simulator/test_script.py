"""The language of faults: both ways of writing it, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from turnout.simulator import script
from turnout.simulator.refused import Refused
from turnout.simulator.script import Script, read_script

SENTENCES: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("status-429", {"status": 429}),
    ("status-429-retry-2", {"status": 429, "retry_after": 2}),
    ("status-503-retry-date-30", {"status": 503, "retry_date": 30}),
    ("status-429-retry-ms-300", {"status": 429, "retry_ms": 300}),
    ("reset", {"fault": "reset"}),
    ("reset-after-3", {"fault": "reset", "after": 3}),
    ("no-reply", {"fault": "no-reply"}),
    ("too-long", {"too_long": True}),
    ("blocked", {"blocked": True}),
    ("error-body", {"fault": "error-body"}),
    ("html", {"fault": "html"}),
    ("html-after-2", {"fault": "html", "after": 2}),
    ("cut-stream", {"fault": "cut-stream"}),
    ("cut-stream-after-0", {"fault": "cut-stream", "after": 0}),
    ("cut-stream-at-0", {"fault": "cut-stream", "at": 0}),
    ("end-byte-77", {"fault": "end", "byte": 77}),
    ("malformed-after-2-twice", {"fault": "malformed", "after": 2, "twice": True}),
    ("stall-after-1-pings-50", {"fault": "stall", "after": 1, "pings": 50}),
    ("no-terminator", {"fault": "no-terminator"}),
    ("reset-down-500-900-every-2000", {"fault": "reset", "down_from": 500, "down_to": 900, "every": 2000}),
    ("cut-event-after-12", {"fault": "cut-event", "after": 12}),
    ("end-after-1", {"fault": "end", "after": 1}),
    ("stall-after-1", {"fault": "stall", "after": 1}),
    ("malformed", {"fault": "malformed"}),
    ("bad-chunk", {"fault": "bad-chunk"}),
    ("error-after-2", {"fault": "error", "after": 2}),
    ("no-end", {"fault": "no-end"}),
    ("split-3", {"split": 3}),
    ("slow-headers-10-slow-first-20-slow-between-30", {"slow_headers": 10, "slow_first": 20, "slow_between": 30}),
    ("status-500-times-2-id-abc", {"status": 500, "times": 2}),
    ("words-7", {"words": 7}),
    ("tools", {"tools": True}),
    ("thinking-cached-parallel-tools", {"thinking": True, "cached": True, "parallel_tools": True}),
]
sentences = pytest.mark.parametrize(("words", "fields"), SENTENCES, ids=[words or "none" for words, _ in SENTENCES])


@sentences
def test_a_models_name_says_it(words: str, fields: dict[str, Any]) -> None:
    read = read_script(f"gpt-4o-sim-{words}" if words else "gpt-4o", "")
    # In a name, "tools" is also part of "parallel-tools".
    assert read == Script(**{**fields, "tools": "tools" in words})


@sentences
def test_the_header_says_it(words: str, fields: dict[str, Any]) -> None:
    assert read_script("gpt-4o", words) == Script(**fields)


@pytest.mark.parametrize(
    "header",
    ["fault=cut-stream:after=3", "cut_stream after 3", "fault: cut-stream; after: 3", "cut-stream,after=3"],
)
def test_separators_are_free(header: str) -> None:
    assert read_script("", header) == Script(fault="cut-stream", after=3)


@pytest.mark.parametrize(
    "model",
    ["sim-reset", "openai/sim-reset", "sim-reset:latest", "claude-3.5-sim-reset", "sim_reset"],
)
def test_names_of_every_vendor_take_it(model: str) -> None:
    assert read_script(model, "") == Script(fault="reset")


@pytest.mark.parametrize("model", ["gpt-4o-mini", "sim", "sim:latest", "simple-reset", "reset", "claude-3-5-sonnet"])
def test_plain_names_mean_nothing(model: str) -> None:
    assert read_script(model, "") == Script()


@pytest.mark.parametrize("model", ["my-tools-model", "tools", "sim-tools", "mytools"])
def test_what_is_answered_can_stand_anywhere_in_a_name(model: str) -> None:
    assert read_script(model, "") == Script(tools=True)


def test_the_header_wins_over_the_name() -> None:
    read = read_script("sim-status-500-slow-first-5", "status-429")
    assert read == Script(status=429, slow_first=5)


@pytest.mark.parametrize(
    ("model", "header", "rest"),
    [
        pytest.param("sim-cutstream-after-1", "", "cutstream-after-1", id="misspelt"),
        pytest.param("sim-status-999", "", "status-999", id="no error status"),
        pytest.param("sim-split-0", "", "split-0", id="nothing to split into"),
        pytest.param("sim-words-many", "", "words-many", id="no number"),
        pytest.param("", "tools-reset-soon", "soon", id="header"),
    ],
)
def test_unknown_words_are_refused(model: str, header: str, rest: str) -> None:
    with pytest.raises(Refused, match=re.escape(f"'{rest}'")) as raised:
        read_script(model, header)
    assert raised.value.status == 400


def test_every_word_is_documented() -> None:
    """The module's documentation shows each fault."""
    documented = set(re.findall(r"``([a-z-]+?)(?:-after-N|-N|-MS|-K|-WORD)?``", script.__doc__ or ""))
    faults = {fields["fault"] for _, fields in SENTENCES if "fault" in fields}
    assert faults <= documented


@pytest.mark.parametrize(
    ("words", "down"),
    [
        ("reset", [0, 499, 500, 899, 900, 2600]),
        ("reset-down-500-900", [500, 899]),
        ("reset-down-500-900-every-2000", [500, 899, 2600]),
    ],
)
def test_faults_have_their_time(words: str, down: list[int]) -> None:
    script = read_script("", words)
    assert [time for time in (0, 499, 500, 899, 900, 2600) if script.is_down(time)] == down
