"""``turnout prices reconcile``: what a provider billed beside what was recorded."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import invoke
from tests.cli.test_replay import fill
from tests.storage.support import attempt
from turnout.cli.prices.reconciling import alike
from turnout.core import EndedAttempt, Usage

DAY = 86_400
FIRST = 1_790_553_600
"""2026-09-28, Unix seconds."""

OPENAI_USAGE = """\
start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,\
service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens
1790553600,1790553660,2026-09-28T00:00:00+00:00,,p,2.0,,key_1,gpt-4o-mini-2024-07-18,False,default,1000,100,500,500
1790553660,1790553720,2026-09-28T00:01:00+00:00,,p,1.0,,key_2,gpt-4o-mini-2024-07-18,False,default,30,3,0,30
1790553720,1790553780,2026-09-28T00:02:00+00:00,,,,,,,,,,,,
1790640000,1790640060,2026-09-29T00:00:00+00:00,,p,1,,key_1,gpt-4.1,False,default,7,8,0,7
"""
OPENAI_COSTS = """\
start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,\
user_id,api_key_id,project_id
1790467200,1790553600,2026-09-27T00:00:00+00:00,2026-09-28T00:00:00+00:00,,,,,,,,
1790553600,1790640000,2026-09-28T00:00:00,2026-09-29T00:00:00,0.0001500000000,usd,1000,tokens,\
"gpt-4o-mini-2024-07-18, input",,key_1,p
1790553600,1790640000,2026-09-28T00:00:00,2026-09-29T00:00:00,0.00006,usd,100,tokens,\
"gpt-4o-mini-2024-07-18, output",,key_1,p
"""
OPENAI_DAYS = """\
start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id
1790553600,1790640000,2026-09-28T00:00:00+00:00,2026-09-29T00:00:00+00:00,0.5,usd,,
"""
ANTHROPIC_USAGE = """\
usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,\
usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,\
usage_output_tokens,web_search_count,inference_geo,speed
2026-09-28,claude-haiku-4-5-20251001,prod,Default,standard,≤ 200k,100,20,3,4000,50,0,,
2026-09-28 15:00,claude-haiku-4-5-20251001,prod,Default,batch,≤ 200k,1,,,,5,0,,
"""
ANTHROPIC_COSTS = """\
usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,\
inference_geo,speed,api_key_id,api_key_status
2026-09-28,Claude Haiku 4.5,Default,prod,message,≤ 200k,input_no_cache,0.05,0.05,token,,,apikey_01AAA,active
2026-09-28,Claude Haiku 4.5,Default,other,message,≤ 200k,output,0.02,0.02,token,,,apikey_01BBB,active
"""


def asked(request_id: str, model: str, usage: Usage, cost: int, *, day: int = 0, **more: Any) -> EndedAttempt:
    fields: dict[str, Any] = {
        "upstream_model": model,
        "started": (FIRST + day * DAY) * 10**6 + 5,
        "deployment": f"openai/{model}",
    }
    return attempt(request_id, **(fields | more), usage=usage, cost=cost)


def file(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def run(*words: str) -> str:
    ended = invoke("prices", "reconcile", *words)
    assert ended.exit_code == 0, (ended.output, ended.exception)
    return ended.stdout


def rows(*words: str) -> list[list[str]]:
    head, *lines = csv.reader(io.StringIO(run(*words, "--csv")))
    assert head[:3] == ["day", "model", "key"]
    return [*lines]


def test_usage_and_costs_of_openai_are_compared_together() -> None:
    fill(
        asked("r1", "gpt-4o-mini", Usage(input=600, output=60, cached_input=500), 100_000_000),
        asked("r2", "gpt-4o-mini-2024-07-18", Usage(input=430, output=43), 110_000_000),
        asked("r3", "gpt-4o", Usage(input=5, output=6), 7, day=1),
        asked("r4", "gpt-4o", Usage(input=5, output=6), 7, day=2),
        asked("r5", "gpt-4o", Usage(input=5, output=6), 7, provider="azure"),
    )
    files = (file("usage.csv", "\ufeff" + OPENAI_USAGE), file("costs.csv", OPENAI_COSTS))
    mini = ["1030", "1030", "103", "103", "0.00021", "0.00021"]
    assert rows(*files) == [
        ["2026-09-28", "gpt-4o-mini-2024-07-18", "", *mini],
        ["2026-09-29", "gpt-4.1", "", "7", "0", "8", "0", "", "0"],
        ["2026-09-29", "gpt-4o", "", "", "5", "", "6", "", "0.000000000007"],
    ]
    _, first, second, third, together = run(*files).splitlines()
    assert first.split()[2:] == ["1,030", "1,030", "103", "103", "$0.00021", "$0.00021", "same"]
    assert (second.split()[-1], third.split()[-2:]) == ("-100.00%", ["not", "billed"])
    assert together.split()[1:] == ["1,037", "1,035", "111", "109", "$0.00021", "$0.000210000007", "+0.00%"]


def test_a_key_of_the_provider_s_goes_with_its_deployments() -> None:
    fill(
        asked("r1", "gpt-4o-mini", Usage(input=1000, output=100), 1, deployment="team-a"),
        asked("r2", "gpt-4o-mini", Usage(input=9, output=9), 1, deployment="team-b"),
    )
    usage = file("usage.csv", OPENAI_USAGE)
    both = rows(usage, "--key", "key_1=team-a", "--key", "key_2=team-b")
    assert [row[:7] for row in both] == [
        ["2026-09-28", "gpt-4o-mini-2024-07-18", "key_1", "1000", "1000", "100", "100"],
        ["2026-09-28", "gpt-4o-mini-2024-07-18", "key_2", "30", "9", "3", "9"],
        ["2026-09-29", "gpt-4.1", "key_1", "7", "0", "8", "0"],
    ]
    assert [row[3:7] for row in rows(usage, "--key", "key_2")] == [["30", "1009", "3", "109"]]
    assert "key_2" in run(usage, "--key", "key_2")


def test_costs_by_day_alone_count_all_models_together() -> None:
    fill(asked("r1", "gpt-4o", Usage(input=1), 2 * 10**11), asked("r2", "gpt-4.1", Usage(input=2), 2 * 10**11))
    days = file("days.csv", OPENAI_DAYS)
    assert rows(days) == [["2026-09-28", "", "", "", "3", "", "0", "0.5", "0.4"]]
    assert run(days).splitlines()[1].split() == ["2026-09-28", "all", "-", "3", "-", "0", "$0.5", "$0.4", "-20.00%"]


def test_input_at_anthropic_is_the_sum_of_its_classes() -> None:
    """And its costs are by another name of the model, and of both the key's name and its id."""
    haiku: dict[str, Any] = {"provider": "anthropic", "deployment": "anthropic/claude-haiku-4-5"}
    used = Usage(input=4124, output=55, cached_input=4000)
    fill(asked("r1", "claude-haiku-4-5", used, 7 * 10**10, **haiku))
    files = (file("usage.csv", ANTHROPIC_USAGE), file("costs.csv", ANTHROPIC_COSTS))
    expected = ["4124", "4124", "55", "55", "0.07", "0.07"]
    assert rows(*files) == [["2026-09-28", "claude-haiku-4-5-20251001", "", *expected]]
    assert [row[7] for row in rows(files[1], "--key", "apikey_01AAA")] == ["0.05"]
    assert [row[7] for row in rows(files[1], "--key", "other")] == ["0.02"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o", True),
        ("claude-sonnet-4-20250514", "claude-sonnet-4", True),
        ("Claude Sonnet 3.5", "claude-3-5-sonnet-latest", True),
        ("gpt-4.5", "gpt-5.4", False),
        ("gpt-4o", "gpt-4o-mini", False),
        ("claude-opus-4", "claude-opus-4-1", False),
    ],
)
def test_names_of_one_model_are_alike(one: str, other: str, same: bool) -> None:
    assert (alike(one) == alike(other)) is same


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "is not an export of usage or costs of OpenAI or Anthropic. Its columns are: a, b"),
        ("", "is not an export"),
        (OPENAI_COSTS.replace("usd", "eur"), "costs are in 'eur', not in usd"),
        (ANTHROPIC_COSTS.replace("2026-09-28", "yesterday"), "x.csv:2: Invalid isoformat string"),
        (ANTHROPIC_USAGE.replace("4000", "many"), "x.csv:2: "),
        (OPENAI_COSTS.splitlines()[0] + "\n", "nothing in these files"),
    ],
)
def test_a_file_that_cannot_be_compared_is_refused_with_its_line(text: str, says: str) -> None:
    assert says in str(invoke("prices", "reconcile", file("x.csv", text)).exception)


def test_files_of_two_providers_are_refused() -> None:
    files = (file("a.csv", OPENAI_COSTS), file("b.csv", ANTHROPIC_COSTS))
    assert "several providers" in str(invoke("prices", "reconcile", *files).exception)


def test_what_is_no_key_is_refused() -> None:
    ended = invoke("prices", "reconcile", file("a.csv", OPENAI_COSTS), "--key", "=x")
    assert (ended.exit_code, "is not NAME or NAME=PATTERN" in ended.output) == (2, True)
