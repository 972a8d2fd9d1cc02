"""Draws ``docs/matrix.md``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.e2e.matrix.cell import Cell

PAGE = Path(__file__).parents[3] / "docs" / "matrix.md"
WORDS = {"passed": "passed on", "untested": "-", "lost": "**lost**"}
"""For outcomes that aren't shown by their own names."""

VERBS = {"refused": "refused by {}, as `{}`", "ignored": "ignored by {}, as `{}`", "otherwise": "to {}: {}"}
Rows = Mapping[str, Mapping[str, Cell]]
"""Cells by feature and provider."""

HEAD = """# What reaches whom

A table for each dialect: its features down, the providers across. **Tests make this page**: every cell was asked over
sockets, by the vendor's own SDK, of Turnout, with the [simulator](cli.md#simulate) behind it on the provider's wire.
`make matrix` asks again and writes it; `make test` fails when it isn't what the tests say.

| | |
|---|---|
| yes | what was asked for is in the request that the provider got, and what the provider says to it is in the reply |
| here | Turnout answers itself, and doesn't ask the provider |
| otherwise | the provider was told the same [in another way](dialects.md#said-otherwise), which the record names |
| ignored | the provider was not sent it, and the reply's header `x-turnout-dropped` says so |
| refused | 400 `unsupported`, naming the field: another deployment is tried, if there is one |
| passed on | the provider was sent it as the client said it, on its own wire, and refuses it itself |
| - | not tested: the provider's wire says nothing of the kind |

What a dialect has no word for is not in its table. `gemini` is Google's API, not Vertex.

The address of "Image, by address" leads nowhere (`.example` is nobody's). Most providers fetch images themselves and
are sent the address. For `ollama`, Turnout has to fetch the image: it does so from public addresses, and never from
inside the network ([media](media.md)).
"""


def page(tables: Mapping[str, Rows]) -> str:
    return "\n".join([HEAD, *(_table(title, rows) for title, rows in tables.items())])


def _table(title: str, rows: Rows) -> str:
    providers = list(next(iter(rows.values())))
    lines = [f"## {title}", "", f"| | {' | '.join(providers)} |", f"|---|{'---|' * len(providers)}"]
    for name, cells in rows.items():
        lines.append(f"| {name} | {' | '.join(_word(cells[provider]) for provider in providers)} |")
    notes = [note for name, cells in rows.items() for note in _notes(name, cells)]
    return "\n".join([*lines, "", *notes, ""])


def _word(cell: Cell) -> str:
    return WORDS.get(cell.outcome, cell.outcome)


def _notes(name: str, cells: Mapping[str, Cell]) -> list[str]:
    """Who refuses or ignores it, under which name, or is told it how; those who do alike in one line."""
    found: dict[tuple[str, str], list[str]] = {}
    for provider, cell in cells.items():
        if cell.outcome in VERBS:
            found.setdefault((cell.outcome, cell.field), []).append(f"`{provider}`")
    return [
        f"- {name}: {VERBS[outcome].format(', '.join(providers), field)}."
        for (outcome, field), providers in found.items()
    ]
