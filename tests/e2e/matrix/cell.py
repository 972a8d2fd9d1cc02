"""One cell: a feature asked of one provider in one dialect, and what came of it.

- ``yes``: what was asked for is in the request that the provider got, and what it answers is in the reply.
- ``otherwise``: the provider was told it in another way, which the request's record names.
- ``ignored``: it isn't in that request, and ``x-turnout-dropped`` says so.
- ``refused``: Turnout answers 400 and names the field.
- ``passed``: it is in that request as the client said it, on the provider's own wire, and the provider refuses it.
- ``here``: the provider isn't asked at all, as Turnout can answer itself.
- ``lost``: anything else. There must be none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from tests.e2e.matrix.sdks import SDKS, SEEN, Asked, Failed
from tests.e2e.stage import TEAM_KEY, Stage, faulty
from tests.simulator.raw import ask as ask_raw

Outcome = Literal["yes", "here", "otherwise", "ignored", "refused", "passed", "untested", "lost"]
Shown = Callable[[str], bool]


class Cell(msgspec.Struct, frozen=True):
    """``field`` is what a refusal, the header or the record names; ``why`` says what is lost."""

    outcome: Outcome
    field: str = ""
    why: str = ""


_PROVIDERS = re.compile(r"answered 400|upstream_refused")
"""In errors that a provider gave, translated or passed on."""

UNTESTED = Cell("untested")


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """A row. ``asks`` are the SDK's own arguments, by dialect; a dialect that isn't there has no word for it.

    ``sent``: one of these is in the body that the provider gets. ``shown``: these are in the reply as the SDK reads it.
    ``script`` is how the simulator behaves. ``unsaid_by`` are providers that never say what the reply should show.
    ``refused_by`` are providers that refuse it on their own wire, by dialect.
    """

    name: str
    asks: dict[str, dict[str, Any]]
    prompt: str = "Say 7131."
    sent: tuple[str, ...] = ("Say 7131.",)
    shown: tuple[str, ...] = ("You said: Say 7131.",)
    script: str = ""
    stream: bool = False
    unsaid_by: frozenset[str] = frozenset()
    refused_by: Mapping[str, frozenset[str]] = {}


async def cell_of(stage: Stage, dialect: str, provider: str, feature: Feature) -> Cell:
    """The cell of ``feature``."""
    if provider in feature.unsaid_by:
        return UNTESTED
    model = faulty(provider, feature.script)
    ask = Asked(model, feature.prompt, feature.asks[dialect], stream=feature.stream)
    cell = await judged(stage, dialect, model, lambda sdk: SDKS[dialect].ask(sdk, ask), feature.sent, feature.shown)
    if provider not in feature.refused_by.get(dialect, ()):
        return cell
    got = await _arrived(stage, model)
    refused = cell.outcome == "lost" and any(word in got for word in feature.sent)
    return Cell("passed") if refused else Cell("lost", why=f"the provider should have got and refused it: {cell}")


async def judged(
    stage: Stage,
    dialect: str,
    model: str,
    ask: Callable[[Any], Awaitable[Any]],
    sent: Sequence[str],
    shown: Sequence[str],
) -> Cell:
    seen: list[Any] = []
    SEEN.set(seen)
    try:
        reply = await ask(SDKS[dialect].client(stage.turnout.url, TEAM_KEY))
    except Failed as failed:
        return _refusal(seen, str(failed))
    got = await _arrived(stage, model)
    dropped, otherwise = await _told(stage, seen[-1].headers)
    if got and not otherwise and not any(word in got for word in sent):
        return Cell("ignored", dropped) if dropped else Cell("lost", why=f"the provider got {got[:300]}")
    text = json.dumps(reply, ensure_ascii=False, default=str)
    missing = [word for word in shown if word not in text]
    if missing:
        return Cell("lost", why=f"{missing} is not in {text[:300]}")
    return Cell("otherwise", otherwise) if otherwise else Cell("yes" if got else "here")


async def _told(stage: Stage, headers: Mapping[str, str]) -> tuple[str, str]:
    """The fields that were left out, and how others were said in another way."""
    dropped = headers.get("x-turnout-dropped", "")
    record = await stage.story(headers["x-request-id"])
    attempts = record.get("attempts", ())  # a count has no record
    changes = [change for attempt in attempts for change in attempt["changes"] or ()]
    return dropped, "; ".join(change for change in changes if change.partition(":")[0] not in dropped.split(", "))


def _refusal(seen: list[Any], message: str) -> Cell:
    """Only Turnout's own; a provider's is a request that it should not have been sent."""
    if not seen or seen[-1].status_code != 400 or _PROVIDERS.search(seen[-1].text):
        return Cell("lost", why=f"{seen[-1].status_code if seen else ''} {message}")
    param = re.search(r'"(?:param|field)": ?"([^"]+)"', seen[-1].text)
    return Cell("refused", param[1] if param else _words(seen[-1].text))


def _words(text: str) -> str:
    """What a refusal says the provider does not support, in a dialect without a place for the field."""
    match = re.search(r"does not support ([^.;\"]+)", text) or re.search(r"'([^']+)'", text)
    return match[1] if match else "request"


async def _arrived(stage: Stage, model: str) -> str:
    """The body that the simulator got for a model that only this cell asks for."""
    upstream_model = model.partition("/")[2]
    answer = await ask_raw(f"{stage.simulator.root}/__simulator/requests?model={upstream_model}")
    seen = json.loads(answer.body)
    return str(seen[-1]["path"] + " " + seen[-1]["body"]) if seen else ""
