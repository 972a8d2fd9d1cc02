"""The contract of every provider."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast
from urllib.parse import urlsplit

from msgspec import Raw

from turnout.core import (
    HINTS,
    Audio,
    ChatRequest,
    File,
    Image,
    Output,
    Parameter,
    Reasoning,
    Sampling,
    StreamEvent,
    Tool,
)
from turnout.errors import Unsupported
from turnout.providers import LocalProvider, Provider, WireProvider, in_process

from .cases import Case, require, require_equal, require_error
from .replies import ReplySample, check_order, reply_cases
from .requests import body_or_events, chat_request, chat_with_parts, deployment, leaf_values
from .wires import wire_cases

_PNG: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_SCHEMA: Final = Raw(b'{"type":"object"}')

_FEATURES: Final[Mapping[str, tuple[str, ChatRequest]]] = {
    "image_urls": ("messages[0]", chat_with_parts(Image(url="https://x.test/a.png"))),
    "image_data": ("messages[0]", chat_with_parts(Image(data=_PNG, media_type="image/png"))),
    "audio": ("messages[0]", chat_with_parts(Audio("UklG", "wav"))),
    "files": ("messages[0]", chat_with_parts(File(data="JVBE", media_type="application/pdf", name="a.pdf"))),
    "tools": ("tools", chat_request(tools=(Tool("zebra", "d", _SCHEMA),))),
    "json": ("response_format", chat_request(output=Output("json"))),
    "json_schema": ("response_format", chat_request(output=Output("json_schema", _SCHEMA, "zebra"))),
    "reasoning": ("reasoning", chat_request(reasoning=Reasoning(effort="low", budget=2048))),
    "choices": ("n", chat_request(n=2)),
    "stop": ("stop", chat_request(stop=("zebra",))),
}
"""Each feature of ``Support``, with the field that is refused without it, and a request that has the field."""

_KNOBS: Final[Mapping[str, Any]] = {
    "temperature": 0.125,
    "top_p": 0.375,
    "top_k": 17,
    "seed": 23,
    "presence_penalty": 0.625,
    "frequency_penalty": 0.875,
    "logprobs": True,
    "top_logprobs": 3,
}


_LEFT_OUT = frozenset({"reasoning"})
"""Features that are hints: nobody is refused for them."""

_ASKED_FOR = frozenset({"logprobs", "top_logprobs"})
"""Sampling that asks for a part of the reply. It is refused where the provider hasn't got it."""


def provider_cases(provider: Provider, sample: ReplySample | None = None) -> Sequence[Case]:
    """``sample`` is a reply on the wire of a ``WireProvider``. A ``LocalProvider`` gets a chat with the text "hi"."""
    cases = [
        Case("names are in lower case", partial(_names_are_in_lower_case, provider)),
        Case("the profile is valid", partial(_profile_is_valid, provider)),
        *_support_cases(provider),
        Case("fields of another wire are left out", partial(_foreign_fields_are_left_out, provider)),
    ]
    if in_process(provider):
        cases.append(Case("events are in order", partial(_answers_in_order, cast(LocalProvider, provider))))
        return cases
    on_wire = cast(WireProvider, provider)
    cases += wire_cases(on_wire)
    cases += reply_cases(on_wire, sample) if sample else []
    return cases


def _support_cases(provider: Provider) -> Iterator[Case]:
    for feature in _FEATURES:
        yield Case(
            f"{feature}: sent if supported, otherwise refused", partial(_feature_is_as_declared, provider, feature)
        )
    for knob in Sampling.__struct_fields__:
        yield Case(f"{knob}: sent, left out or refused, as declared", partial(_knob_is_as_declared, provider, knob))
    if not in_process(provider):
        for hint in [hint for hint in HINTS if hint in provider.support.knobs]:
            yield Case(
                f"{hint}: left out where the model refuses it", partial(_refused_hint_is_left_out, provider, hint)
            )


def _names_are_in_lower_case(provider: Provider) -> None:
    for name in (provider.name, *provider.profile.aliases):
        require(re.fullmatch(r"[a-z][a-z0-9._-]*", name), f"the name {name!r} can't be the name of a provider")


def _profile_is_valid(provider: Provider) -> None:
    profile, defaults = provider.profile, provider.profile.defaults
    require(profile.title, "the profile has no title")
    require(not profile.base_url or urlsplit(profile.base_url).scheme in ("http", "https"), "base_url is no address")
    for name in (*profile.url_variables, *profile.key_variables):
        require(re.fullmatch(r"[A-Z][A-Z0-9_]+", name), f"{name!r} is no name of an environment variable")
    require(profile.first_token > 0, "first_token has to be more than 0 seconds")
    require(not profile.docs or profile.docs.startswith("https://"), "docs has to be an https address")
    require_equal(
        bool(profile.start_hint),
        "localhost" in profile.base_url,
        "whether it has a start_hint, which a local server needs",
    )
    require(defaults.max_tokens is None or defaults.max_tokens > 0, "defaults.max_tokens has to be more than 0")
    require(defaults.temperature is None or 0 <= defaults.temperature <= 2, "defaults.temperature has to be 0 to 2")
    require(defaults.top_p is None or 0 < defaults.top_p <= 1, "defaults.top_p has to be more than 0, and 1 at most")


def _feature_is_as_declared(provider: Provider, feature: str) -> None:
    param, request = _FEATURES[feature]
    if getattr(provider.support, feature):
        require(
            body_or_events(provider, request) != body_or_events(provider, chat_request()),
            f"nothing of {feature} is sent",
        )
    elif feature in _LEFT_OUT:
        unchanged = in_process(provider) or body_or_events(provider, request) == body_or_events(
            provider, chat_request()
        )
        require(unchanged, f"{feature} is sent")
    else:
        error = require_error(Unsupported, lambda: body_or_events(provider, request), feature)
        require_equal(error.param, param, "the field at fault")
        require(f"'{provider.name}'" in error.message, f"the error doesn't name the provider: {error.message}")


def _knob_is_as_declared(provider: Provider, knob: str) -> None:
    support, request = provider.support, chat_request(sampling=Sampling(**{knob: _KNOBS[knob]}))
    require(not support.knobs & support.ignores, "a field in 'knobs' can't be in 'ignores' too")
    if knob in _ASKED_FOR and knob not in support.knobs | support.ignores:
        error = require_error(Unsupported, lambda: body_or_events(provider, request), knob)
        require_equal(error.param, knob, "the field at fault")
        return
    outcome = body_or_events(provider, request)
    if in_process(provider):
        return  # a provider in this process reads the field later
    if knob in support.knobs:
        require(_KNOBS[knob] in set(leaf_values(outcome)), f"{knob} isn't sent")
    else:
        require_equal(outcome, body_or_events(provider, chat_request()), f"the body with {knob}")


def _refused_hint_is_left_out(provider: Provider, hint: Parameter) -> None:
    request = chat_request(sampling=Sampling(**{hint: _KNOBS[hint]}))
    sent = body_or_events(provider, request, hint)
    require(_KNOBS[hint] not in set(leaf_values(sent)), f"{hint} is sent to a model that refuses it: see parameters_of")


def _foreign_fields_are_left_out(provider: Provider) -> None:
    foreign = chat_request(extensions={"elsewhere": {"odd_field": Raw(b"1234321")}})
    outcome = body_or_events(provider, foreign)
    require(in_process(provider) or 1234321 not in set(leaf_values(outcome)), "a field of another wire is sent")


def _answers_in_order(provider: LocalProvider) -> None:
    async def answer() -> list[StreamEvent]:
        request = chat_request(stream=True, stream_usage=True)
        return [event async for batch in provider.run(request, deployment(provider)) for event in batch]

    check_order(asyncio.run(answer()))
