"""Draws docs/clients.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .install import ROOT
from .providers import PROVIDERS
from .tasks import TASKS

if TYPE_CHECKING:
    from .results import Row

PAGE = ROOT / "docs/clients.md"
SETUP = Path(__file__).parent / "setup.md"
"""What a user sets, written by hand from what the runs set."""
HEAD = """# Real clients

The vendors' own programs and SDKs through Turnout to every provider. **`make test-clients` makes this page**: each
client is installed, runs without a screen and without an account, and does each task at each provider. Turnout is a
real `turnout serve`; the [simulator](cli.md#simulate) plays the providers. [What to set](#what-to-set) in your own
client, and [how to repeat it](#repeat-it).

| task | green when it is so |
|---|---|
"""
CELLS = """
✓: every task that the client has a way for. Else the tasks that fail (✗), or that Turnout refuses because the provider
can't do it (`refused`): [what went wrong](#what-went-wrong) has the words.

"""
REPEAT = """
## Repeat it

```sh
make test-clients                                          # all of them; takes more than an hour
make test-clients ARGS="codex"                             # one client
make test-clients ARGS="codex --provider anthropic"        # one cell
make test-clients ARGS="codex --provider anthropic --task tool"
make test-clients ARGS="codex --provider openai --record"  # what it sent, for the tests
```

The first run installs the client into `.cache/clients`, in the version of `scripts/clients/packages.toml`. What was
said is in `.cache/clients/logs/CLIENT/PROVIDER/TASK.log`: what the client printed, each request with Turnout's reply,
and what the provider saw. No client reaches the internet while it runs: proxies lead nowhere, and telemetry is off.

`scripts/clients/` has a file for each client, and `setup.md` with what to set. The results are in
`scripts/clients/results.json`, so that a run of one client keeps the others' rows. Requests of all clients are in
`tests/clients/requests`, and `make test` replays them to every provider.
"""


def write(rows: Mapping[str, Row]) -> None:
    PAGE.write_text(page(rows))


def page(rows: Mapping[str, Row]) -> str:
    tasks = "".join(f"| {task.name} | {task.means} |\n" for task in TASKS)
    names = [provider.name for provider in PROVIDERS]
    models = " | ".join(f"{provider.name}<br>{provider.model}" for provider in PROVIDERS)
    table = f"| client | {models} | date |\n|---|{'---|' * (len(names) + 1)}\n"
    for name, row in sorted(rows.items()):
        cells = " | ".join(_cell(row.cells.get(provider, {})) for provider in names)
        table += f"| {name} | {cells} | {row.date} |\n"
    results = _versions(rows) + _lacks(rows) + _wrong(rows)
    return HEAD + tasks + CELLS + table + results + SETUP.read_text() + REPEAT


def _cell(verdicts: Mapping[str, str]) -> str:
    if not verdicts:
        return "not run"
    refused = [task for task, verdict in verdicts.items() if verdict.startswith("refused: ")]
    failed = [task for task, verdict in verdicts.items() if verdict != "ok" and task not in refused]
    named = "all" if len(failed) == len(verdicts) else ", ".join(failed)
    parts = [f"✗ {named}"] * bool(failed) + [f"refused: {', '.join(refused)}"] * bool(refused)
    return "<br>".join(parts) or "✓"


def _versions(rows: Mapping[str, Row]) -> str:
    by_client = {name.split()[0]: row.versions for name, row in sorted(rows.items())}
    lines = "".join(f"| {name} | {', '.join(f'`{v}`' for v in versions)} |\n" for name, versions in by_client.items())
    return f"\n## Versions\n\n| client | installed from |\n|---|---|\n{lines}"


def _lacks(rows: Mapping[str, Row]) -> str:
    lines = "".join(
        f"| {name} | {', '.join(row.lacks)} | {'; '.join(sorted(set(row.lacks.values())))} |\n"
        for name, row in sorted(rows.items())
        if row.lacks
    )
    return f"\n## Tasks that a client has no way for\n\n| client | task | |\n|---|---|---|\n{lines}"


def _wrong(rows: Mapping[str, Row]) -> str:
    """A line for each client and words, with the tasks and the providers."""
    where: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}
    for name, row in sorted(rows.items()):
        for provider in (known.name for known in PROVIDERS):
            for task, verdict in row.cells.get(provider, {}).items():
                if verdict != "ok":
                    words = verdict.replace(f" '{provider}'", "").replace("|", "/")
                    tasks, providers = where.setdefault((name, words), ({}, {}))
                    tasks[task] = providers[provider] = None
    lines = "".join(
        f"| {name} | {', '.join(tasks)} | {', '.join(providers)} | {words} |\n"
        for (name, words), (tasks, providers) in where.items()
    )
    table = f"| client | tasks | at | |\n|---|---|---|---|\n{lines}" if lines else "Nothing.\n"
    return f"\n## What went wrong\n\n{table}"
