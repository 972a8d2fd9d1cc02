"""What every provider has to keep to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast
from urllib.parse import urlsplit

from msgspec import Raw

from turnout.core import (
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
from turnout.core.parameters import HINTS
from turnout.errors import Unsupported
from turnout.providers import LocalProvider, Provider, WireProvider, in_process

from .asking import asking, begin, deployment, leaves, saying
from .cases import Case, claim, raised, same
from .replies import ReplySample, check_order, reply_cases
from .wires import wire_cases

_PNG: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_SCHEMA: Final = Raw(b'{"type":"object"}')

_FEATURES: Final[Mapping[str, tuple[str, ChatRequest]]] = {
    "image_urls": ("messages[0]", saying(Image(url="https://x.test/a.png"))),
    "image_data": ("messages[0]", saying(Image(data=_PNG, media_type="image/png"))),
    "audio": ("messages[0]", saying(Audio("UklG", "wav"))),
    "files": ("messages[0]", saying(File(data="JVBE", media_type="application/pdf", name="a.pdf"))),
    "tools": ("tools", asking(tools=(Tool("zebra", "d", _SCHEMA),))),
    "json": ("response_format", asking(output=Output("json"))),
    "json_schema": ("response_format", asking(output=Output("json_schema", _SCHEMA, "zebra"))),
    "reasoning": ("reasoning", asking(reasoning=Reasoning(effort="low", budget=2048))),
    "choices": ("n", asking(n=2)),
    "stop": ("stop", asking(stop=("zebra",))),
}
"""What a ``Support`` may say, with the field that is refused and a request that has it."""

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


def provider_cases(provider: Provider, sample: ReplySample | None = None) -> Sequence[Case]:
    """``sample`` is a reply on the wire of a ``WireProvider``. A ``LocalProvider`` is asked for an answer to "hi"."""
    cases = [
        Case("names are in lower case", partial(_names_are_in_lower_case, provider)),
        Case("the profile is sane", partial(_profile_is_sane, provider)),
        *_support_cases(provider),
        Case("fields of another wire are refused by name", partial(_foreign_fields_are_refused, provider)),
    ]
    if in_process(provider):
        cases.append(Case("events keep to their order", partial(_answers_in_order, cast(LocalProvider, provider))))
        return cases
    on_wire = cast(WireProvider, provider)
    cases += wire_cases(on_wire)
    cases += reply_cases(on_wire, sample) if sample else []
    return cases


def _support_cases(provider: Provider) -> Iterator[Case]:
    for feature in _FEATURES:
        yield Case(f"{feature}: sent if supported, else refused", partial(_feature_is_honest, provider, feature))
    for knob in Sampling.__struct_fields__:
        yield Case(f"{knob}: sent, ignored or refused, as declared", partial(_knob_is_honest, provider, knob))
    if not in_process(provider):
        for hint in [hint for hint in HINTS if hint in provider.support.knobs]:
            yield Case(
                f"{hint}: left out where the model refuses it", partial(_refused_hint_is_left_out, provider, hint)
            )


def _names_are_in_lower_case(provider: Provider) -> None:
    for name in (provider.name, *provider.profile.aliases):
        claim(re.fullmatch(r"[a-z][a-z0-9._-]*", name), f"the name {name!r} is none that can be asked for")


def _profile_is_sane(provider: Provider) -> None:
    profile, defaults = provider.profile, provider.profile.defaults
    claim(profile.title, "the profile has no title")
    claim(not profile.base_url or urlsplit(profile.base_url).scheme in ("http", "https"), "base_url is no address")
    for name in (*profile.url_variables, *profile.key_variables):
        claim(re.fullmatch(r"[A-Z][A-Z0-9_]+", name), f"{name!r} is no name of an environment variable")
    claim(profile.first_token > 0, "first_token has to be more than 0 seconds")
    claim(not profile.docs or profile.docs.startswith("https://"), "docs has to be an https address")
    same(bool(profile.start_hint), "localhost" in profile.base_url, "whether it says how a local server is started")
    claim(defaults.max_tokens is None or defaults.max_tokens > 0, "defaults.max_tokens has to be more than 0")
    claim(defaults.temperature is None or 0 <= defaults.temperature <= 2, "defaults.temperature has to be 0 to 2")
    claim(defaults.top_p is None or 0 < defaults.top_p <= 1, "defaults.top_p has to be more than 0, and 1 at most")


def _feature_is_honest(provider: Provider, feature: str) -> None:
    param, request = _FEATURES[feature]
    if getattr(provider.support, feature):
        claim(begin(provider, request) != begin(provider, asking()), f"nothing of {feature} is sent")
    else:
        error = raised(Unsupported, lambda: begin(provider, request), feature)
        same(error.param, param, "the field at fault")
        claim(f"'{provider.name}'" in error.message, f"the error doesn't name the provider: {error.message}")


def _knob_is_honest(provider: Provider, knob: str) -> None:
    support, request = provider.support, asking(sampling=Sampling(**{knob: _KNOBS[knob]}))
    claim(not support.knobs & support.ignores, "what is in 'knobs' can't be in 'ignores' as well")
    if knob not in support.knobs | support.ignores:
        error = raised(Unsupported, lambda: begin(provider, request), knob)
        same(error.param, knob, "the field at fault")
        return
    begun = begin(provider, request)
    if in_process(provider):
        return  # who looks at it does so later
    if knob in support.knobs:
        claim(_KNOBS[knob] in set(leaves(begun)), f"{knob} isn't sent")
    else:
        same(begun, begin(provider, asking()), f"what is sent with {knob}")


def _refused_hint_is_left_out(provider: Provider, hint: Parameter) -> None:
    request = asking(sampling=Sampling(**{hint: _KNOBS[hint]}))
    sent = begin(provider, request, hint)
    claim(_KNOBS[hint] not in set(leaves(sent)), f"{hint} is sent to a model that refuses it: see parameters_of")


def _foreign_fields_are_refused(provider: Provider) -> None:
    odd = asking(extensions={"elsewhere": {"odd_field": Raw(b"1")}})
    error = raised(Unsupported, lambda: begin(provider, odd), "a field of another wire")
    same(error.param, "odd_field", "the field at fault")


def _answers_in_order(provider: LocalProvider) -> None:
    async def answer() -> list[StreamEvent]:
        request = asking(stream=True, stream_usage=True)
        return [event async for some in provider.run(request, deployment(provider)) for event in some]

    check_order(asyncio.run(answer()))
