"""What a key may do, and the gauges that its requests need room in."""

from __future__ import annotations

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.guard.support import Book
from turnout.core import OPERATIONS, Account, Allowance, Budget, Key, Limit, Rules
from turnout.errors import Forbidden, KeyExpired
from turnout.guard import ANONYMOUS, authenticate, gauges_for, may_use, policy_of, require_operation, require_use
from turnout.guard import policy as policy_module

MINUTE = Limit("requests", 10, 60)
CHATS = Limit("requests", 5, 60, "chat")
TOKENS = Limit("tokens", 100_000, 300)
USD = 10**12
SERVED = {"fast": "fast", "agent": "fast", "slow": "slow"}

KEY = Key(
    id="k/1",
    digest=b"d",
    user="alice",
    tier="premium",
    allowance=Allowance(limits=(MINUTE,), budgets=(Budget(25 * USD, "total"), Budget(USD // 2, "daily", "agent"))),
)
RULES = Rules(
    limits=(CHATS, Limit("requests", 20, 60, "embeddings")),
    users={"alice": Account(team="blue", allowance=Allowance(limits=(TOKENS,)))},
    teams={"blue": Account(allowance=Allowance(budgets=(Budget(100 * USD, "monthly"),)))},
    tiers={"premium": Account(allowance=Allowance(limits=(Limit("requests", 1_000, 3_600),)))},
    models={"fast": Allowance(limits=(Limit("requests", 7, 10),), budgets=(Budget(3 * USD, "daily"),))},
)
COMMON = {
    "limit/key/k%2F1/all/requests/60": "10 requests a minute for the key 'k/1'",
    "budget/key/k%2F1/total": "25 USD in all for the key 'k/1'",
    "limit/user/alice/all/tokens/300": "100,000 tokens in 5 minutes for the user 'alice'",
    "budget/team/blue/monthly": "100 USD a month for the team 'blue'",
    "limit/tier/premium/k%2F1/all/requests/3600": "1,000 requests an hour for the key 'k/1' of the tier 'premium'",
}
OF_FAST = {
    "budget/key/k%2F1/daily/fast": "0.5 USD a day for the key 'k/1' with the model 'fast'",
    "limit/model/fast/all/requests/10": "7 requests in 10 seconds for the model 'fast'",
    "budget/model/fast/daily": "3 USD a day for the model 'fast'",
}
CHAT = {"limit/all/k%2F1/chat/requests/60": "5 chat requests a minute for the key 'k/1'"}
EMBEDDINGS = {"limit/all/k%2F1/embeddings/requests/60": "20 embeddings requests a minute for the key 'k/1'"}


@pytest.mark.parametrize(
    ("model", "operation", "expected"),
    [
        pytest.param("slow", "image", COMMON, id="what-holds-for-all"),
        pytest.param("slow", "chat", COMMON | CHAT, id="of-an-operation"),
        pytest.param("fast", "embeddings", COMMON | OF_FAST | EMBEDDINGS, id="of-another-one-and-of-a-model"),
        pytest.param("agent", "chat", COMMON | OF_FAST | CHAT, id="an-alias-is-its-model"),
        pytest.param("nobody", "chat", COMMON | CHAT, id="a-model-that-is-not-served"),
    ],
)
def test_a_request_needs_room_in_all_gauges_that_apply(model: str, operation: str, expected: dict[str, str]) -> None:
    gauges = gauges_for(KEY, model, operation, Book(RULES, served=SERVED))
    assert {gauge.id: gauge.says for gauge in gauges} == expected


def test_a_gauge_says_what_counts() -> None:
    gauges = {gauge.id: gauge for gauge in gauges_for(KEY, "agent", "chat", Book(RULES, served=SERVED))}
    by_tier = gauges["limit/tier/premium/k%2F1/all/requests/3600"]
    assert (by_tier.scope, by_tier.name, by_tier.key_id, by_tier.most) == ("tier", "premium", "k/1", 1_000)
    by_team = gauges["budget/team/blue/monthly"]
    assert (by_team.unit, by_team.most, by_team.period, by_team.key_id) == ("usd", 100 * USD, "monthly", "")
    assert gauges["budget/key/k%2F1/daily/fast"].model == gauges["budget/model/fast/daily"].model == "fast"
    assert gauges["limit/all/k%2F1/chat/requests/60"].operation == "chat"


def test_without_rules_nothing_is_counted() -> None:
    assert gauges_for(Key(id="k", digest=b"d", user="u", team="t", tier="x"), "fast", "chat", Book()) == ()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        pytest.param(ANONYMOUS, "all without a key", id="no-key"),
        pytest.param(Key(id="jwt:eve", digest=b""), "the token's owner 'jwt:eve'", id="token"),
        pytest.param(Key(id="k", digest=b"d"), "the key 'k'", id="key"),
    ],
)
def test_who_is_named(key: Key, words: str) -> None:
    (gauge,) = gauges_for(key, "fast", "chat", Book(Rules(limits=(CHATS,))))
    assert gauge.says == f"5 chat requests a minute for {words}"


def test_the_team_of_a_key_goes_before_its_users() -> None:
    other = structs.replace(KEY, team="green")
    book = Book(structs.replace(RULES, teams={"green": Account(allowance=Allowance(limits=(MINUTE,)))}), served=SERVED)
    ids = [gauge.id for gauge in gauges_for(other, "slow", "image", book) if gauge.scope == "team"]
    assert ids == ["limit/team/green/all/requests/60"]
    assert [gauge for gauge in gauges_for(KEY, "slow", "image", book) if gauge.scope == "team"] == []


@pytest.mark.parametrize("order", [1, -1])
def test_budgets_for_a_model_and_its_alias_are_one(order: int) -> None:
    budgets = (Budget(5 * USD, "daily", "fast"), Budget(2 * USD, "daily", "agent"))[::order]
    key = Key(id="k", digest=b"d", allowance=Allowance(budgets=budgets))
    (gauge,) = gauges_for(key, "fast", "chat", Book(served=SERVED))
    assert (gauge.id, gauge.most) == ("budget/key/k/daily/fast", 2 * USD)


class TestMemory:
    def test_the_same_question_is_answered_from_memory(self) -> None:
        book = Book(RULES, served=SERVED)
        first = gauges_for(KEY, "fast", "chat", book)
        assert gauges_for(KEY, "fast", "chat", book) is first
        assert gauges_for(structs.replace(KEY), "fast", "chat", book) is first

    def test_another_principal_of_the_same_id_has_its_own(self) -> None:
        """Two tokens of one owner can have different claims, and a key can be changed while a snapshot lasts."""
        book = Book(RULES, served=SERVED)
        before = gauges_for(KEY, "fast", "chat", book)
        forbidden = structs.replace(KEY, allowance=Allowance(models=("slow",)))
        with pytest.raises(Forbidden):
            require_use(forbidden, "fast", "chat", book)
        require_use(KEY, "fast", "chat", book)
        assert gauges_for(KEY, "fast", "chat", book) == before

    def test_it_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(policy_module, "MOST_REMEMBERED", 3)
        book = Book(served={name: name for name in "abcde"})
        for name in "abcde":
            gauges_for(KEY, name, "chat", book)
        assert list(book.policies) == [KEY.id, (KEY.id, "d", "chat"), (KEY.id, "e", "chat")]

    def test_names_that_clients_make_up_leave_nothing_behind(self) -> None:
        book = Book(RULES, served=SERVED)
        for name in ("no-such-model", "nor-this-one"):
            gauges_for(KEY, name, "chat", book)
        assert list(book.policies) == [KEY.id]


class TestPermissions:
    """A model or an operation is allowed where key, user, team and tier all allow it."""

    BOOK = Book(
        Rules(
            users={"alice": Account(team="blue", allowance=Allowance(models=("gpt-*", "claude-*")))},
            teams={"blue": Account(allowance=Allowance(operations=frozenset({"chat", "count"})))},
            tiers={"basic": Account(allowance=Allowance(models=("*-mini",)))},
        )
    )
    KEY = Key(id="k", digest=b"d", user="alice", tier="basic", allowance=Allowance(operations=frozenset({"chat"})))

    @pytest.mark.parametrize(
        ("model", "operation", "refusal"),
        [
            ("gpt-mini", "chat", None),
            ("gpt-max", "chat", "The tier 'basic' may not use the model 'gpt-max'."),
            ("llama-mini", "chat", "The user 'alice' may not use the model 'llama-mini'."),
            ("gpt-mini", "count", "This API key may not use the operation 'count', only: chat."),
            ("gpt-mini", "image", "This API key may not use the operation 'image', only: chat."),
        ],
    )
    def test_all_have_to_allow(self, model: str, operation: str, refusal: str | None) -> None:
        if refusal is None:
            require_use(self.KEY, model, operation, self.BOOK)
            return
        with pytest.raises(Forbidden) as caught:
            require_use(self.KEY, model, operation, self.BOOK)
        assert (caught.value.message, caught.value.param) == (refusal, "model" if "the model" in refusal else None)
        assert may_use(self.KEY, model, self.BOOK) is ("the model" not in refusal)

    @pytest.mark.parametrize("tier", ["gold", "Basic"])
    def test_a_tier_that_nobody_knows_is_refused(self, tier: str) -> None:
        """A token may name any."""
        key = Key(id="k", digest=b"", tier=tier)
        said = f"The tier '{tier}' isn't configured, so nobody can say what it allows."
        with pytest.raises(Forbidden) as caught:
            require_use(key, "gpt-mini", "chat", self.BOOK)
        assert (caught.value.message, caught.value.param) == (said, None)
        with pytest.raises(Forbidden):
            require_operation(key, "vector_search", self.BOOK)
        require_use(key, "gpt-mini", "chat", Book())  # where no tiers are configured, it is only a name

    def test_an_operation_without_a_model(self) -> None:
        require_operation(self.KEY, "chat", self.BOOK)
        with pytest.raises(Forbidden, match=r"This API key may not use the operation 'vector_search', only: chat\."):
            require_operation(self.KEY, "vector_search", self.BOOK)
        with pytest.raises(Forbidden, match=r"The team 'blue' may not use the operation"):
            require_operation(structs.replace(self.KEY, allowance=Allowance()), "vector_search", self.BOOK)


class TestRecord:
    def test_it_has_all_that_holds(self) -> None:
        record = policy_of(KEY, Book(RULES, served=SERVED))
        assert {gauge.id: gauge.says for gauge in record.gauges} == COMMON | OF_FAST | CHAT | EMBEDDINGS
        assert (record.key, record.user, record.team, record.tier) == ("k/1", "alice", "blue", "premium")
        assert record.operations == tuple(sorted(OPERATIONS))

    def test_its_models_and_operations(self) -> None:
        record = policy_of(TestPermissions.KEY, TestPermissions.BOOK)
        assert record.operations == ("chat",)
        assert [(allowed.scope, allowed.name, allowed.patterns) for allowed in record.models] == [
            ("user", "alice", ("gpt-*", "claude-*")),
            ("tier", "basic", ("*-mini",)),
        ]

    def test_models_that_the_key_may_not_use_are_left_out(self) -> None:
        key = Key(id="k", digest=b"d", allowance=Allowance(models=("slow",)))
        assert not [gauge for gauge in policy_of(key, Book(RULES, served=SERVED)).gauges if gauge.scope == "model"]

    def test_it_is_json(self) -> None:
        record = msgspec.to_builtins(policy_of(KEY, Book(RULES, served=SERVED)))
        assert record["gauges"][0] == {
            "id": "limit/all/k%2F1/chat/requests/60",
            "scope": "all",
            "says": "5 chat requests a minute for the key 'k/1'",
            "unit": "requests",
            "most": 5,
            "seconds": 60,
            "period": None,
            "operation": "chat",
            "model": None,
            "used": None,
            "reserved": None,
            "resets": None,
        }
        assert [gauge["most"] for gauge in record["gauges"] if gauge["id"] == "budget/key/k%2F1/daily/fast"] == ["0.5"]


SECRET = b"sk-turnout-very-secret"


@pytest.mark.parametrize("required", [True, False])
def test_an_expired_key_is_refused_in_its_own_words(required: bool) -> None:
    key = Key(id="k", digest=sha256(SECRET).digest(), expires=1_800_000_000)
    keys = {key.digest: key}
    assert authenticate([SECRET], keys, required=required, clock=lambda: 1_799_999_999.9) is key
    with pytest.raises(KeyExpired) as caught:
        authenticate([SECRET], keys, required=required, clock=lambda: 1_800_000_000.0)
    assert caught.value.message == (
        "This API key has expired: it was good until 2027-01-15 08:00:00 UTC. Ask for a new one."
    )


def test_of_several_expired_keys_the_first_is_told_and_none_hides_a_good_one() -> None:
    secrets = [b"sk-of-1970", SECRET, b"sk-good"]
    ended, later, good = (
        Key(id=secret.decode(), digest=sha256(secret).digest(), expires=expires)
        for secret, expires in zip(secrets, (0, 1_800_000_000, None), strict=True)
    )
    keys = {key.digest: key for key in (ended, later, good)}
    assert authenticate(secrets, keys, required=True, clock=lambda: 1_900_000_000.0) is good
    with pytest.raises(KeyExpired, match="until 1970-01-01"):
        authenticate(secrets[:2], keys, required=False, clock=lambda: 1_900_000_000.0)


NAMES = st.text("ab/%:. -é", min_size=1, max_size=4)
LIMITS = st.builds(
    Limit,
    st.sampled_from(["requests", "tokens"]),
    st.integers(1, 9),
    st.sampled_from([1, 60, 90]),
    st.sampled_from(["", "chat", "count"]),
)
BUDGETS = st.builds(Budget, st.integers(0, 9), st.sampled_from(["daily", "monthly", "total"]), st.just("") | NAMES)
ALLOWANCES = st.builds(Allowance, limits=st.lists(LIMITS).map(tuple), budgets=st.lists(BUDGETS).map(tuple))
MODEL_ALLOWANCES = st.builds(
    Allowance, limits=st.lists(LIMITS).map(tuple), budgets=st.lists(BUDGETS.filter(lambda b: not b.model)).map(tuple)
)
ACCOUNTS = st.dictionaries(NAMES, st.builds(Account, allowance=ALLOWANCES), max_size=2)
KEYS = st.builds(
    Key, id=st.just("") | NAMES, digest=st.just(b"d"), user=NAMES, team=NAMES, tier=NAMES, allowance=ALLOWANCES
)


@given(
    st.builds(
        Rules,
        limits=st.lists(LIMITS).map(tuple),
        users=ACCOUNTS,
        teams=ACCOUNTS,
        tiers=ACCOUNTS,
        models=st.dictionaries(NAMES, MODEL_ALLOWANCES, max_size=2),
    ),
    st.lists(KEYS, min_size=1, max_size=3, unique_by=lambda key: key.id),
)
def test_an_id_means_one_counter(rules: Rules, keys: list[Key]) -> None:
    """Whose it is and what it counts make the id, whatever characters names have; one request has each id once."""
    book = Book(rules, served={name: name for name in rules.models})
    counted: dict[str, object] = {}
    for key in keys:
        for model in ["a", *rules.models]:
            gauges = gauges_for(key, model, "chat", book)
            assert len({gauge.id for gauge in gauges}) == len(gauges)
            for g in gauges:
                what = (g.scope, g.name, g.key_id, g.operation, g.model, g.unit, g.seconds, g.period)
                assert counted.setdefault(g.id, what) == what
    assert len(set(counted.values())) == len(counted)
