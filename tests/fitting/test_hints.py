"""Hints that a provider has no place for are left out, and named."""

from __future__ import annotations

import pytest
from msgspec import Raw

from turnout.core import ChatRequest, Image, Message, Reasoning, Sampling, Support, Text, Tool

from .fitted import EVERYTHING, NOTHING, asking, fitted, fitted_chat, named, saying

FOREIGN = {"there": {"mark": Raw(b"1")}}
FORGETFUL = Support(
    namespace="here", knobs=frozenset(), ignores=frozenset({"user", "metadata", "name", "detail", "strict"})
)


@pytest.mark.parametrize(
    ("request_", "paths"),
    [
        pytest.param(asking(), [], id="nothing"),
        pytest.param(asking(sampling=Sampling(seed=1, top_k=4)), ["top_k", "seed"], id="sampling"),
        pytest.param(asking(user="u", metadata={"a": "b"}), ["user", "metadata"], id="user-and-metadata"),
        pytest.param(asking(extensions={"there": {"odd": Raw(b"1")}}), ["odd"], id="unknown-field"),
        pytest.param(asking(extensions={"here": {"odd": Raw(b"1")}}), [], id="own-field"),
        pytest.param(
            asking(tools=(Tool("f"), Tool("g", strict=True, extensions=FOREIGN))),
            ["tools[1].strict", "tools[1].mark"],
            id="tools",
        ),
        pytest.param(
            saying(Text("a", FOREIGN), Image(url="https://x", detail="low")),
            ["messages[1].content[0].mark", "messages[1].content[1].detail"],
            id="parts",
        ),
        pytest.param(
            ChatRequest(model="m", messages=(Message("user", (Text("a"),), "bob"),)), ["messages[0].name"], id="name"
        ),
    ],
)
def test_what_is_left_out_is_named(request_: ChatRequest, paths: list[str]) -> None:
    assert named(request_, FORGETFUL) == paths


def test_nothing_is_left_out_that_has_a_place() -> None:
    request = asking(user="u", metadata={"a": "b"}, sampling=Sampling(seed=1), tools=(Tool("f", strict=True),))
    assert fitted(request, EVERYTHING).request == request
    assert named(request, EVERYTHING) == []


def test_no_builder_sees_what_is_left_out() -> None:
    request = asking(sampling=Sampling(seed=1, temperature=0.5), reasoning=Reasoning(effort="low"))
    left = fitted_chat(request, NOTHING)
    assert (left.sampling, left.reasoning) == (Sampling(temperature=0.5), None)
    assert named(request, NOTHING) == ["seed", "reasoning_effort"]
