"""What moves candidates beside a model's policy: needs, tags, premium sessions, earlier answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec import structs

from tests.support.openai_wire import ENDPOINT, request_body
from turnout.core import Continuation, Deployment, Image, Message, Model, Price, Tool, Traits
from turnout.errors import NoDeployment, Unpriced
from turnout.routing import Plan, Question
from turnout.routing.planner import plan

from .support import asking, board_of_seed, chat, deployment, find_nothing, ids, model


def planned(asked: Model, question: Question, *others: Model) -> Plan:
    found: Mapping[str, Model] = {other.name: other for other in others}
    return plan(asked, question, board_of_seed(1), found.__getitem__)


def order(asked: Sequence[Deployment], question: Question, **fields: Any) -> list[str]:
    return ids(planned(model(*asked, **fields), question).candidates)


PLAIN = deployment("plain")
PICTURES = Question(structs.replace(chat(), messages=(Message("user", (Image(data="AA", media_type="image/png"),)),)))
TOOLS = Question(structs.replace(chat(), tools=(Tool(name="find"),)))


@pytest.mark.parametrize(
    ("traits", "question", "reason"),
    [
        (Traits(inputs=frozenset({"text"})), PICTURES, "its model sees no images"),
        (Traits(blind=True), PICTURES, "its model sees no images"),
        (Traits(tools=False), TOOLS, "its model calls no tools"),
        (Traits(context=999), asking(size=4000), "about 1,000 tokens are more than its context of 999"),
        (Traits(context=1000), asking(size=4000), ""),
        (Traits(blind=True, tools=False), asking(), ""),
        (Traits(inputs=frozenset({"text", "image"})), PICTURES, ""),
    ],
    ids=["no images", "blind", "no tools", "short", "long enough", "nothing asked", "sees"],
)
def test_what_can_not_take_the_request_comes_last(traits: Traits, question: Question, reason: str) -> None:
    made = planned(model(deployment("first", traits=traits), PLAIN), question)
    assert ids(made.candidates) == (["plain", "first"] if reason else ["first", "plain"])
    assert made.candidates[1].reason.endswith(reason or "number 2 as written")


def test_the_only_deployment_is_asked_whatever_it_lacks() -> None:
    assert order([deployment("only", traits=Traits(blind=True))], PICTURES) == ["only"]


EU, US = deployment("eu", tags=frozenset({"eu"})), deployment("us", tags=frozenset({"us"}))


def test_only_deployments_with_all_tags_are_asked() -> None:
    made = planned(model(US, EU), asking(tags=frozenset({"eu"})))
    assert ids(made.candidates) == ["eu"]
    assert [(drop.deployment.id, drop.reason) for drop in made.dropped] == [("us", "it has no tag eu")]
    assert order([US, EU], asking(), needs_tags=frozenset({"eu"})) == ["eu"]
    with pytest.raises(NoDeployment, match="us: it has no tag eu and no tag gdpr"):
        planned(model(US), asking(tags=frozenset({"eu", "gdpr"})))


def test_what_has_no_price_is_left_out_if_the_model_says_so() -> None:
    dear, unknown = deployment("dear", price=Price(input=9, version="test")), deployment("unknown")
    assert order([unknown, dear], asking()) == ["unknown", "dear"]
    made = planned(model(unknown, dear, unpriced="refuse"), asking())
    assert ids(made.candidates) == ["dear"]
    assert [(drop.deployment.id, drop.reason) for drop in made.dropped] == [("unknown", "its price isn't known")]


def test_it_says_how_to_give_a_price_where_none_is_left() -> None:
    unknown = deployment("unknown")
    with pytest.raises(Unpriced, match=r"No price is known for 'fast' \(unknown\).*a 'price' in the configuration"):
        planned(model(unknown, unpriced="refuse"), asking())
    eu = deployment("unknown", tags=frozenset({"eu"}))
    with pytest.raises(NoDeployment, match="us: it has no tag eu; unknown: its price isn't known"):
        planned(model(US, eu, unpriced="refuse", needs_tags=frozenset({"eu"})), asking())


@pytest.mark.parametrize(("own", "other"), [("refuse", "allow"), ("allow", "refuse")])
def test_prices_are_wanted_of_fallbacks_too(own: str, other: str) -> None:
    priced, fallback = Price(version="test"), model(deployment("unknown"), name="other", unpriced=other)
    made = planned(model(deployment("first", price=priced), fallbacks=("other",), unpriced=own), asking(), fallback)
    assert ids(made.candidates) == ["first"]


def test_tags_hold_for_fallbacks_too() -> None:
    fallback = model(US, deployment("eu2", tags=frozenset({"eu"})), name="other")
    made = planned(model(EU, fallbacks=("other",), needs_tags=frozenset({"eu"})), asking(), fallback)
    assert ids(made.candidates) == ["eu", "eu2"]


STRONG = deployment("strong", tags=frozenset({"premium"}))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (asking(), ["plain", "strong"]),
        (asking(header_session="premium-7"), ["plain", "strong"]),
        (asking(header_session="premium-7", may_be_premium=True), ["strong", "plain"]),
        (asking(header_session="7", may_be_premium=True), ["plain", "strong"]),
    ],
    ids=["no session", "not allowed", "premium", "another session"],
)
def test_premium_sessions_get_the_strong_deployment_first(question: Question, expected: list[str]) -> None:
    assert order([PLAIN, STRONG], question) == expected
    assert order([STRONG, PLAIN], question) == expected


def test_a_session_stays_at_its_deployment_if_that_is_asked_for() -> None:
    places = [deployment(f"d{number}") for number in range(4)]
    firsts = {order(places, asking(header_session=f"s{number}"), affinity="session")[0] for number in range(50)}
    assert firsts == {"d0", "d1", "d2", "d3"}
    again = {order(places, asking(str(number), header_session="s"), affinity="session")[0] for number in range(20)}
    assert len(again) == 1
    assert order(places, asking(header_session="s")) == ["d0", "d1", "d2", "d3"]
    assert order(places, asking(), affinity="session") == ["d0", "d1", "d2", "d3"]


def test_the_deployment_of_the_last_answer_comes_first() -> None:
    request = ENDPOINT.parse(request_body())
    assert request.raw is not None
    continued = structs.replace(request, raw=structs.replace(request.raw, continues=Continuation((), "b")))
    made = planned(model(deployment("a"), deployment("b")), Question(continued))
    assert ids(made.candidates) == ["b", "a"]
    assert made.candidates[0].reason.endswith("it gave the answer that this continues")


def test_a_plan_for_one_deployment_asks_the_request_nothing() -> None:
    class Untouched(Question):
        def __getattribute__(self, name: str) -> Any:
            assert name in ("tags", "__class__"), f"{name} was worked out"
            return super().__getattribute__(name)

    question = Untouched(chat())
    assert ids(plan(model(PLAIN), question, board_of_seed(1), find_nothing).candidates) == ["plain"]
