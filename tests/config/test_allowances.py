"""Limits, budgets, tiers, teams and users in the file: what each text means, and what each mistake is called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest

from tests.catalog.support import make_catalog
from turnout.catalog import Catalog
from turnout.config import CommandLine
from turnout.config.allowance_settings import LimitText
from turnout.config.allowances import limit_of
from turnout.config.expiry import expires_at
from turnout.config.settings import Settings
from turnout.config.validation import convert_text
from turnout.core import OPERATIONS, Account, Allowance, Budget, Key, Limit, Rules
from turnout.errors import ConfigError
from turnout.guard import gauges_for

USD = 10**12
COLLECTIONS = (msgspec.inspect.ListType, msgspec.inspect.DictType)
TEAM_KEYS = {"ALICE_KEY": "tk-alice-0123456789", "BATCH_KEY": "tk-batch-0123456789"}
EXAMPLE = Path(__file__).parents[2] / "examples" / "limits.yaml"
KEY = "key: tk-12345"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10/minute", Limit("requests", 10, 60)),
        ("10 requests/minute", Limit("requests", 10, 60)),
        ("1 request/second", Limit("requests", 1, 1)),
        ("1000/hour", Limit("requests", 1_000, 3_600)),
        ("100000 tokens/minute", Limit("tokens", 100_000, 60)),
        ("1 token/day", Limit("tokens", 1, 86_400)),
        ("5/10s", Limit("requests", 5, 10)),
        ("5/10 seconds", Limit("requests", 5, 10)),
        ("7 tokens/15 minutes", Limit("tokens", 7, 900)),
        ("7/15min", Limit("requests", 7, 900)),
        ("2/12h", Limit("requests", 2, 43_200)),
        ("2/31 days", Limit("requests", 2, 2_678_400)),
        ("999999999999999 tokens/d", Limit("tokens", 999_999_999_999_999, 86_400)),
    ],
)
def test_a_limit(text: str, expected: Limit) -> None:
    assert limit_of(convert_text(text, LimitText)) == expected


WRONG_LIMITS = (
    "0/minute",
    "-1/minute",
    "1.5/minute",
    "10",
    "10/",
    "/minute",
    "10/month",
    "10/m",
    "10/0s",
    "10/minutely",
    "10 token s/minute",
    "10 images/minute",
    "10  tokens/minute",
    "10tokens/minute",
    "10 per minute",
    "10/minute, 20/hour",
    "1_000/hour",
    "1,000/hour",
    "\u0661/minute",
    "1000000000000000/minute",
    "10/MINUTE",
    " 10/minute",
)


@pytest.mark.parametrize("text", WRONG_LIMITS)
def test_no_limit(tmp_path: Path, text: str) -> None:
    expected = "a limit such as 10/minute, 100000 tokens/minute, 5/10s or 1000/day"
    with pytest.raises(ValueError, match=expected):
        limit_of(text)
    message = message_of(tmp_path, f"limits:\n  chat: '{text}'")
    assert message == f"turnout.yaml:2: limits.chat: expected {expected}"
    in_a_list = message_of(tmp_path, f"keys:\n- {KEY}\n  limits:\n  - 1/s\n  - '{text}'")
    assert in_a_list == f"turnout.yaml:5: keys[0].limits[1]: expected {expected}"


def message_of(folder: Path, text: str, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        make_catalog(folder, dedent(text), **options)
    return caught.value.message.replace(f"{folder}/", "")


def rules(folder: Path, text: str, **options: Any) -> Rules:
    return make_catalog(folder, dedent(text), **options).snapshot.rules


def key(folder: Path, text: str) -> Key:
    return next(iter(make_catalog(folder, f"keys: [{{{KEY}, {text}}}]").snapshot.keys.values()))


class TestLimits:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("{messages: 5}", [], id="bounds-of-a-request-alone"),
            pytest.param("{chat: 5/s, messages: 5}", [Limit("requests", 5, 1, "chat")], id="beside-bounds"),
            pytest.param("{all: 5/s}", [Limit("requests", 5, 1)], id="all-operations"),
            pytest.param(
                "{/v1/llm/generate: [5/s, 9 tokens/d]}",
                [Limit("requests", 5, 1, "chat"), Limit("tokens", 9, 86_400, "chat")],
                id="a-path-and-a-list",
            ),
            pytest.param("{/v1/vector/search: 5/s}", [Limit("requests", 5, 1, "vector_search")], id="what-comes-later"),
            pytest.param(
                "{/v1/llm/generate: 5/s, /v1/embeddings: 5/s, /v1/messages/count_tokens: 5/s}",
                [Limit("requests", 5, 1, operation) for operation in ("chat", "embeddings", "count")],
                id="several",
            ),
        ],
    )
    def test_of_the_whole_service(self, tmp_path: Path, text: str, expected: list[Limit]) -> None:
        assert list(rules(tmp_path, f"limits: {text}").limits) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("5/s", [Limit("requests", 5, 1)]),
            ("[5/s, 9 tokens/s]", [Limit("requests", 5, 1), Limit("tokens", 9, 1)]),
            ("{chat: 5/s, all: [6/s]}", [Limit("requests", 5, 1, "chat"), Limit("requests", 6, 1)]),
            ("null", []),
            ("[]", []),
        ],
    )
    def test_of_a_key_and_of_a_model(self, tmp_path: Path, text: str, expected: list[Limit]) -> None:
        assert list(key(tmp_path, f"limits: {text}").allowance.limits) == expected
        models = rules(tmp_path, f"models: {{m: {{deployments: [openai/x], limits: {text}}}}}").models
        assert list(models["m"].limits if models else ()) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param(
                "limits:\n  zzz: 5/s",
                "turnout.yaml:2: limits.zzz: unknown key; expected one of values, messages, parts, inputs, tools, "
                "stop, all, chat, count, embeddings, image, speech, transcription, vector_search, /PATH",
                id="unknown-key-without-a-close-one",
            ),
            pytest.param(
                "limits:\n  embedding: 5/s",
                "turnout.yaml:2: limits.embedding: unknown key; did you mean 'embeddings'?",
                id="close-to-an-operation",
            ),
            pytest.param(
                "limits:\n  /v1/llm/genrate: 5/s",
                'turnout.yaml:2: limits["/v1/llm/genrate"]: expected the path of an endpoint that a model answers; '
                "did you mean '/v1/llm/generate'?",
                id="unknown-path",
            ),
            pytest.param(
                "limits:\n  /v1beta/models/gemini-pro:generateContent: 5/s",
                'turnout.yaml:2: limits["/v1beta/models/gemini-pro:generateContent"]: expected {model} in place of the '
                "model's name: a path names its operation. A model's own limits belong under 'models'",
                id="path-of-one-model",
            ),
            pytest.param(
                "limits:\n  /v1/llm/generate: 10/minute\n  /v1/chat/completions: 60/minute",
                "turnout.yaml:3: limits[\"/v1/chat/completions\"]: names the operation 'chat', as '/v1/llm/generate' "
                "does: keep one of the two",
                id="two-paths-of-one-operation",
            ),
            pytest.param(
                "limits:\n  chat:\n  - 10/minute\n  - 20/60s",
                "turnout.yaml:4: limits.chat[1]: expected one limit for the same unit and time: keep the smaller one",
                id="the-same-time-twice",
            ),
            pytest.param(
                "limits:\n  chat: 10/32 days",
                "turnout.yaml:2: limits.chat: expected a time of at most 31 days",
                id="too-long",
            ),
            pytest.param(
                "limits:\n  chat: 10",
                "turnout.yaml:2: limits.chat: expected a limit such as 10/minute, 100000 tokens/minute, 5/10s or "
                "1000/day",
                id="number",
            ),
            pytest.param(
                "limits:\n  /PATH: {chat: 5/s}",
                'turnout.yaml:2: limits["/PATH"]: expected a limit such as 10/minute, 100000 tokens/minute, 5/10s or '
                "1000/day or a list of a limit such as 10/minute, 100000 tokens/minute, 5/10s or 1000/day",
                id="the-fields-own-name",
            ),
            pytest.param(
                f"keys:\n- {KEY}\n  limits:\n    chatt: 5/s",
                "turnout.yaml:4: keys[0].limits.chatt: expected one of all, chat, count, embeddings, image, speech, "
                "transcription, vector_search, or the path of an endpoint; did you mean 'chat'?",
                id="of-a-key",
            ),
            pytest.param(
                "models:\n  m:\n    deployments: [openai/x]\n    limits: {chat: [1/s, 2/s]}",
                "turnout.yaml:4: models.m.limits.chat[1]: expected one limit for the same unit and time: keep the "
                "smaller one",
                id="of-a-model",
            ),
            pytest.param(
                "tiers:\n  t:\n    limits: [1/s, 2/1s]",
                "turnout.yaml:3: tiers.t.limits[1]: expected one limit for the same unit and time: keep the smaller "
                "one",
                id="of-a-tier",
            ),
        ],
    )
    def test_mistakes(self, tmp_path: Path, text: str, expected: str) -> None:
        assert message_of(tmp_path, text) == expected


class TestRateLimitOfTheEnvironment:
    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({}, []),
            ({"RATE_LIMIT_REQUESTS": "7"}, [Limit("requests", 7, 60)]),
            ({"RATE_LIMIT_WINDOW": "5"}, [Limit("requests", 100, 5)]),
            ({"RATE_LIMIT_REQUESTS": "7", "RATE_LIMIT_WINDOW": "5"}, [Limit("requests", 7, 5)]),
            ({"RATE_LIMIT_REQUESTS": "", "RATE_LIMIT_WINDOW": ""}, []),
        ],
    )
    def test_when_it_is_set(self, tmp_path: Path, variables: dict[str, str], expected: list[Limit]) -> None:
        assert list(rules(tmp_path, "{}", variables=variables).limits) == expected

    def test_it_goes_before_the_files_for_the_same_time(self, tmp_path: Path) -> None:
        file = "limits: {all: [100/minute, 5/s, 9 tokens/minute], chat: 3/minute}"
        limits = rules(tmp_path, file, variables={"RATE_LIMIT_REQUESTS": "200"}).limits
        assert limits == (
            Limit("requests", 5, 1),
            Limit("tokens", 9, 60),
            Limit("requests", 3, 60, "chat"),
            Limit("requests", 200, 60),
        )

    @pytest.mark.parametrize(
        ("variable", "value", "expected"),
        [
            ("RATE_LIMIT_REQUESTS", "0", "a whole number from 1 to 1,000,000"),
            ("RATE_LIMIT_REQUESTS", "many", "a whole number from 1 to 1,000,000"),
            ("RATE_LIMIT_WINDOW", "1.5", "a whole number from 1 to 2,678,400"),
        ],
    )
    def test_mistakes(self, tmp_path: Path, variable: str, value: str, expected: str) -> None:
        message = message_of(tmp_path, "{}", variables={variable: value})
        assert message == f"environment variable {variable}: expected {expected}"


class TestBudgets:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("25", [Budget(25 * USD, "total")]),
            ("0", [Budget(0, "total")]),
            ("0.1", [Budget(USD // 10, "total")]),
            ("1e-7", [Budget(100_000, "total")]),
            ("{daily: 1, monthly: 2.5}", [Budget(USD, "daily"), Budget(5 * USD // 2, "monthly")]),
            (
                "{total: 9, models: {echo: 3, openai/x: {daily: 1}}}",
                [Budget(9 * USD, "total"), Budget(3 * USD, "total", "echo"), Budget(USD, "daily", "openai/x")],
            ),
            ("null", []),
        ],
    )
    def test_of_a_key(self, tmp_path: Path, text: str, expected: list[Budget]) -> None:
        text = f"models: {{echo: openai/e, openai/x: openai/x}}\nkeys: [{{{KEY}, budget_usd: {text}}}]"
        (found,) = make_catalog(tmp_path, text).snapshot.keys.values()
        assert list(found.allowance.budgets) == expected

    def test_of_a_model(self, tmp_path: Path) -> None:
        text = "models: {m: {deployments: [openai/x], budget_usd: {daily: 2}}, n: openai/x}"
        assert rules(tmp_path, text).models == {"m": Allowance(budgets=(Budget(2 * USD, "daily"),))}

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("-1", "budget_usd: expected a number from 0 to 9,000,000", id="debt"),
            pytest.param(
                "'25 EUR'",
                "budget_usd: expected a number from 0 to 9,000,000",
                id="another-currency",
            ),
            pytest.param("{}", "budget_usd: expected at least one of daily, monthly, total", id="empty"),
            pytest.param("{models: {}}", "budget_usd: expected at least one of daily, monthly, total", id="no-models"),
            pytest.param(
                "{models: {echo: {}}}",
                "budget_usd.models.echo: expected at least one of daily, monthly, total",
                id="empty-for-a-model",
            ),
            pytest.param("{dayly: 1}", "budget_usd.dayly: unknown key; did you mean 'daily'?", id="period"),
            pytest.param(
                "{models: {echoo: 1}}",
                "budget_usd.models.echoo: expected the name of a model; none has this name; did you mean 'echo'?",
                id="a-model-that-nobody-serves",
            ),
        ],
    )
    @pytest.mark.parametrize("owner", ["keys:\n- {key}\n", "tiers:\n t:\n", "teams:\n t:\n", "users:\n t:\n"])
    def test_mistakes(self, tmp_path: Path, owner: str, text: str, expected: str) -> None:
        place = "keys[0]" if owner.startswith("keys") else f"{owner.partition(':')[0]}.t"
        file = f"discovery: false\nmodels: {{echo: openai/e}}\n{owner.format(key=KEY)}  budget_usd: {text}"
        assert message_of(tmp_path, file) == f"turnout.yaml:5: {place}.{expected}"

    def test_a_model_that_discovery_may_find_is_no_mistake_yet(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path, f"keys: [{{{KEY}, budget_usd: {{models: {{llama9: 1}}}}}}]")
        (problem,) = catalog.state().problems
        assert "keys[0].budget_usd.models.llama9: expected the name of a model" in problem


class TestAccounts:
    def test_tiers_teams_and_users(self, tmp_path: Path) -> None:
        text = """
            tiers:
              premium: {limits: 1000/hour, budget_usd: {monthly: 100}, operations: [chat, /v1/embeddings]}
              standard: {}
            teams:
              blue: {models: ["gpt-*"], tags: [eu], metadata: {owner: Ann}}
            users:
              alice: {team: blue, operations: [all, chat], limits: {chat: 1/s}}
        """
        premium = Allowance(
            limits=(Limit("requests", 1_000, 3_600),),
            budgets=(Budget(100 * USD, "monthly"),),
            operations=frozenset({"chat", "embeddings"}),
        )
        blue = Account(allowance=Allowance(models=("gpt-*",)), tags=frozenset({"eu"}), metadata={"owner": "Ann"})
        alice = Account(allowance=Allowance(limits=(Limit("requests", 1, 1, "chat"),)), team="blue")
        assert rules(tmp_path, text) == Rules(
            tiers={"premium": Account(allowance=premium), "standard": Account()},
            teams={"blue": blue},
            users={"alice": alice},
        )

    def test_a_key_has_all_of_it(self, tmp_path: Path) -> None:
        found = key(
            tmp_path,
            "user: bob, team: blue, tier: gold, expires: 2027-01-31, tags: [ci], metadata: {n: x}, limits: 1/s",
        )
        assert (found.user, found.team, found.tier, found.expires) == ("bob", "blue", "gold", 1_801_440_000)
        assert (found.tags, found.metadata) == (frozenset({"ci"}), {"n": "x"})
        assert found.allowance == Allowance(limits=(Limit("requests", 1, 1),))

    def test_names_need_no_list_where_none_is_given(self, tmp_path: Path) -> None:
        make_catalog(tmp_path, f"keys: [{{{KEY}, user: bob, team: blue, tier: gold}}]\nusers: {{eve: {{team: red}}}}")

    def test_users_and_teams_of_keys_need_no_list_at_all(self, tmp_path: Path) -> None:
        make_catalog(tmp_path, f"keys: [{{{KEY}, user: bob, team: blue}}]\nusers: {{eve: {{}}}}\nteams: {{red: {{}}}}")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param(
                f"tiers: {{gold: {{}}}}\nkeys:\n- {KEY}\n  tier: golt",
                "turnout.yaml:4: keys[0].tier: expected the name of a tier that is listed under 'tiers'; did you mean "
                "'gold'?",
                id="tier",
            ),
            pytest.param(
                "teams: {blue: {}}\nusers:\n  eve: {team: xyz}",
                "turnout.yaml:3: users.eve.team: expected the name of a team that is listed under 'teams'",
                id="team-of-a-user",
            ),
            pytest.param(
                f"keys:\n- {KEY}\n  operations: [chat, chats]",
                "turnout.yaml:3: keys[0].operations[1]: expected one of all, chat, count, embeddings, image, speech, "
                "transcription, vector_search, or the path of an endpoint; did you mean 'chat'?",
                id="operation",
            ),
            pytest.param(
                f"keys: [{{{KEY}, name: 'jwt:eve'}}]",
                "turnout.yaml:1: keys[0].name: expected a name that doesn't begin with 'jwt:': such are the names of "
                "tokens' owners",
                id="name-of-a-token",
            ),
            pytest.param(
                "tiers: {'': {}}",
                'turnout.yaml:1: tiers["…"]: expected a name of 1 to 256 characters as the key',
                id="no-name",
            ),
            pytest.param(
                "tiers: {t: {user: x}}",
                "turnout.yaml:1: tiers.t.user: unknown key; expected one of models, operations, limits, budget_usd, "
                "tags, metadata",
                id="unknown-key",
            ),
            pytest.param(
                f"keys: [{{{KEY}, metadata: {{a: [1]}}}}]",
                "turnout.yaml:1: keys[0].metadata.a: expected a text of at most 1,024 characters",
                id="metadata-of-other-things",
            ),
            pytest.param(
                f"keys: [{{{KEY}, metadata: {{{', '.join(f'k{n}: v' for n in range(65))}}}}}]",
                "turnout.yaml:1: keys[0].metadata: expected a mapping of at most 64 texts",
                id="too-much-metadata",
            ),
            pytest.param(
                f"keys: [{{{KEY}, tags: [{', '.join(f't{n}' for n in range(33))}]}}]",
                "turnout.yaml:1: keys[0].tags: expected a list of at most 32 words of lower-case letters",
                id="too-many-tags",
            ),
            pytest.param(
                "on_budget: cheap",
                "turnout.yaml:1: on_budget: expected one of refuse, cheaper; did you mean 'cheaper'?",
                id="on-budget",
            ),
            pytest.param(
                "store_down: {limits: shut}",
                "turnout.yaml:1: store_down.limits: expected one of open, closed",
                id="store-down",
            ),
        ],
    )
    def test_mistakes(self, tmp_path: Path, text: str, expected: str) -> None:
        assert message_of(tmp_path, text) == expected


class TestExpiry:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("2027-01-31", 1_801_440_000, id="until-the-end-of-the-day"),
            pytest.param("2027-02-01T00:00:00Z", 1_801_440_000, id="time"),
            pytest.param("2027-02-01t01:00:00.9+01:00", 1_801_440_000, id="zone-and-fraction"),
            pytest.param("2027-01-31 19:00:00-05:00", 1_801_440_000, id="blank"),
        ],
    )
    def test_times(self, text: str, expected: int) -> None:
        assert expires_at(text) == expected

    @pytest.mark.parametrize(
        "text", ["tomorrow", "2027-1-31", "2027-01-31T18:00:00", "2027-01-31T18:00Z", "1801440000"]
    )
    def test_no_times(self, tmp_path: Path, text: str) -> None:
        assert message_of(tmp_path, f"keys: [{{{KEY}, expires: '{text}'}}]") == (
            "turnout.yaml:1: keys[0].expires: expected a date such as 2027-01-31, or a time with its zone such as "
            "2027-01-31T18:00:00Z"
        )

    @pytest.mark.parametrize("text", ["2027-02-30", "2027-01-31T25:00:00Z", "9999-12-31", "0000-01-01"])
    def test_days_that_do_not_exist(self, tmp_path: Path, text: str) -> None:
        message = message_of(tmp_path, f"keys: [{{{KEY}, expires: '{text}'}}]")
        assert message == "turnout.yaml:1: keys[0].expires: expected a day and a time that exist"


def test_no_union_has_what_msgspec_frees_twice() -> None:
    """A text with a pattern beside a list or a mapping: see ``LimitText``. It would end the process with SIGABRT."""
    unions = list(unions_in(msgspec.inspect.type_info(Settings), set()))
    assert unions
    for union in unions:
        members = [each.type if isinstance(each, msgspec.inspect.Metadata) else each for each in union.types]
        has_pattern = any(isinstance(each, msgspec.inspect.StrType) and each.pattern for each in members)
        assert not (has_pattern and any(isinstance(each, COLLECTIONS) for each in members)), union


def unions_in(type_: Any, seen: set[type]) -> Iterator[msgspec.inspect.UnionType]:
    if isinstance(type_, msgspec.inspect.UnionType):
        yield type_
    inner = [getattr(type_, name, None) for name in ("type", "item_type", "key_type", "value_type")]
    if isinstance(type_, msgspec.inspect.StructType):
        if type_.cls in seen:
            return
        seen.add(type_.cls)
        inner = [field.type for field in type_.fields]
    for each in (*inner, *getattr(type_, "types", ())):
        if isinstance(each, msgspec.inspect.Type):
            yield from unions_in(each, seen)


def test_what_the_page_shows(tmp_path: Path) -> None:
    """docs/limits.md: its file, and what it says of the texts in its tables."""
    page = (EXAMPLE.parents[1] / "docs" / "limits.md").read_text()
    (file,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "turnout.yaml").write_text(file)
    command_line = CommandLine(config=tmp_path / "turnout.yaml", data_dir=str(tmp_path))
    assert Catalog(command_line, variables=TEAM_KEYS).state().problems == ()
    operations = re.search(r"^## Operations\n(.*?)^## ", page, re.DOTALL | re.MULTILINE)
    assert operations is not None
    assert set(re.findall(r"^\| `(\w+)` \|", operations[1], re.MULTILINE)) == OPERATIONS
    for text in re.findall(r"`(\d+(?: \w+)?/[\w ]+)`", page):
        limit_of(text)


def test_the_example(tmp_path: Path) -> None:
    """examples/limits.yaml, with the real providers and nothing to complain of."""
    catalog = Catalog(CommandLine(config=EXAMPLE, data_dir=str(tmp_path)), variables=TEAM_KEYS)
    assert catalog.state().problems == ()
    snapshot = catalog.snapshot
    assert snapshot.rules.limits == (
        Limit("requests", 10, 60, "chat"),
        Limit("requests", 20, 60, "embeddings"),
        Limit("requests", 100, 60, "vector_search"),
    )
    tiers = {name: tier.allowance.limits for name, tier in snapshot.rules.tiers.items()}
    assert tiers == {
        "premium": (Limit("requests", 1_000, 3_600),),
        "standard": (Limit("requests", 100, 3_600),),
        "basic": (Limit("requests", 10, 3_600),),
    }
    alice = next(key for key in snapshot.keys.values() if key.id == "alice")
    assert [gauge.says for gauge in gauges_for(alice, "echo", "chat", snapshot)] == [
        "10 chat requests a minute for the key 'alice'",
        "200 requests an hour for the user 'alice'",
        "2,000,000 tokens a day for the user 'alice'",
        "50 USD a day for the team 'blue'",
        "1,000 USD a month for the team 'blue'",
        "1,000 requests an hour for the key 'alice' of the tier 'premium'",
        "100 USD a month for the key 'alice' of the tier 'premium'",
    ]
