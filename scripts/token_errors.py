"""The errors of our token counts against those of providers: the tables of docs/tokens.md. Run by `make tokens`.

``tests/tokens/cases.json`` has a request or an answer in each line, with the provider's own count and where it was
recorded. Short texts are as they were; of long answers there are only figures: their tokens in the family's encoding,
and how many line ends, letters and digits they have. ``texts.json`` has texts of our own, which ``o200k_base`` counts
exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec

from turnout.core import ChatRequest, Deployment, Traits
from turnout.dialects import registry
from turnout.engine.estimate import weight
from turnout.tokens import FAMILIES, TOKEN, count, count_text

FOLDER = Path(__file__).parent.parent / "tests" / "tokens"


class Measured(NamedTuple):
    """Errors are relative to ``reported``: 0.05 is 5 % too many. ``cheap`` is None for an answer without its text."""

    family: str
    model: str
    reported: int
    counted: int
    cheap: int | None

    @property
    def error(self) -> float:
        return self.counted / self.reported - 1

    @property
    def cheap_error(self) -> float | None:
        return None if self.cheap is None else self.cheap / self.reported - 1


class Kind(NamedTuple):
    """A kind of text: the errors of the estimate without a table, and of a token for every four characters."""

    name: str
    tokens: int
    cheap: float
    quarter: float


def measured() -> Iterator[Measured]:
    for case in json.loads((FOLDER / "cases.json").read_text()):
        family, model, reported = case["family"], case["model"], case["reported"] - case.get("closing", 0)
        match case["kind"]:
            case "request":
                request = _request(case)
                place = Deployment(id="", provider="", model=model, traits=Traits(tokenizer=family))
                yield Measured(family, model, reported, count(request, place).tokens, None)
            case "answer":
                counted = count_text(case["text"], model, family).tokens
                yield Measured(family, model, reported, counted, round(weight(case["text"]) / TOKEN))
            case "figures":
                figures = [case[name] for name in ("encoded", "newlines", "letters", "digits")]
                yield Measured(family, model, reported, round(FAMILIES[family].weigh(*figures)), None)


def kinds() -> Iterator[Kind]:
    for row in json.loads((FOLDER / "texts.json").read_text()):
        text = row["text"]
        tokens = count_text(text, "", "o200k").tokens
        yield Kind(row["kind"], tokens, weight(text) / TOKEN / tokens - 1, len(text) / 4 / tokens - 1)


def _request(case: dict[str, Any]) -> ChatRequest:
    body = case["request"]
    body["messages"][-1]["content"] *= case.get("repeat", 1)
    (endpoint,) = (e for e in registry()["openai"].endpoints if "/v1/chat/completions" in e.paths)
    request: ChatRequest = endpoint.parse(msgspec.json.encode(body))
    return request


def tables() -> str:
    """Both tables, in Markdown."""
    return f"{_families(list(measured()))}\n{_kinds(list(kinds()))}"


def _families(rows: list[Measured]) -> str:
    lines = ["| family | cases | median error | largest | answers, by bytes |", "|---|--:|--:|--:|--:|"]
    for name in FAMILIES:
        mine = [row for row in rows if row.family == name]
        if mine:
            lines.append(_family_line(f"`{name}`", mine))
    return "\n".join([*lines, _family_line("all", rows)]) + "\n"


def _family_line(name: str, rows: list[Measured]) -> str:
    worst = max((row.error for row in rows), key=abs)
    cheap = [abs(row.cheap_error) for row in rows if row.cheap_error is not None]
    return (
        f"| {name} | {len(rows)} | {_middle(row.error for row in rows)} | {worst:+.1%} |"
        f" {_middle(cheap) if cheap else '-'} |"
    )


def _kinds(rows: list[Kind]) -> str:
    lines = ["| text | tokens | by bytes | characters / 4 |", "|---|--:|--:|--:|"]
    lines += [f"| {row.name} | {row.tokens} | {row.cheap:+.0%} | {row.quarter:+.0%} |" for row in rows]
    lines.append(f"| median error | | {_middle(r.cheap for r in rows)} | {_middle(r.quarter for r in rows)} |")
    return "\n".join(lines) + "\n"


def _middle(errors: Iterable[float]) -> str:
    return f"{median(map(abs, errors)):.1%}"


if __name__ == "__main__":
    print(tables())
