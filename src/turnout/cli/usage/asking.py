"""Questions to the running service's usage."""

from __future__ import annotations

from typing import Any

import msgspec
import typer

from turnout.cli.service import Service

Answer = dict[str, Any]

_PATH = "/v1/usage"


class Asked:
    """The period and the filters of all questions."""

    def __init__(self, service: Service, begin: str | None, end: str | None, only: list[str]) -> None:
        """Raises ``typer.BadParameter`` for a filter that isn't NAME=VALUE."""
        self._service = service
        self._period = {name: value for name, value in (("from", begin), ("to", end)) if value is not None}
        self._only: dict[str, str] = {}
        for each in only:
            name, separator, value = each.partition("=")
            if not separator:
                raise typer.BadParameter(f"'{each}' is not NAME=VALUE.", param_hint="--only")
            self._only["key_id" if name == "key" else name] = value

    def answer(self, path: str, **parameters: object) -> Answer:
        """Raises ``TurnoutError``."""
        return _read(self._ask(path, {}, parameters))

    def text(self, path: str, *, as_csv: bool, **parameters: object) -> str:
        body = self._ask(path, {"accept": "text/csv"} if as_csv else {}, parameters)
        return body.decode() if as_csv else self.as_json(_read(body))

    def of_calendar(self, path: str, **parameters: str) -> Answer:
        """Without the period and the filters, which these questions don't have."""
        return _read(self._service.ask("GET", _PATH + path, query=parameters))

    def as_json(self, answer: Answer) -> str:
        return msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()

    def _ask(self, path: str, headers: dict[str, str], parameters: dict[str, object]) -> bytes:
        query = self._period | self._only | {name: str(value) for name, value in parameters.items()}
        return self._service.ask("GET", _PATH + path, headers=headers, query=query)


def _read(body: bytes) -> Answer:
    return msgspec.json.decode(body, type=dict[str, Any])
