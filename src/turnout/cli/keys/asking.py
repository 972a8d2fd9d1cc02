"""Questions to the running service about keys, users and teams."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import typer

from turnout.catalog import Catalog
from turnout.cli.service import SECONDS, Service, service_of
from turnout.cli.terminal import without_controls
from turnout.config import CommandLine

Record = dict[str, Any]

_PAGE: Final = "500"


def service_at(url: str | None, config: Path | None, data_dir: str | None) -> Service:
    return service_of(Catalog(CommandLine(config=config, data_dir=data_dir)), url)


def asked(
    service: Service,
    method: str,
    path: str,
    body: Any = None,
    query: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Record:
    """The record in the answer; empty where there is none. Raises ``TurnoutError``."""
    sent = b"" if body is None else msgspec.json.encode(body)
    answer = service.ask(method, path, sent, query=query, seconds=seconds)
    return msgspec.json.decode(answer, type=Record) if answer else {}


def all_rows(service: Service, path: str, only: Mapping[str, str | None]) -> list[Record]:
    """The rows of all pages. Raises ``TurnoutError``."""
    query = {name: value for name, value in only.items() if value is not None} | {"limit": _PAGE}
    rows: list[Record] = []
    cursor: str | None = ""
    while cursor is not None:
        page = asked(service, "GET", path, query=query | ({"cursor": cursor} if cursor else {}))
        rows += page["data"]
        cursor = page["next"]
    return rows


def said_of(fields: Mapping[str, Any], budget: str | None, metadata: list[str] | None) -> Record:
    """What the options say, in the words of the API. Raises ``typer.BadParameter``."""
    said = {name: value for name, value in fields.items() if value}
    if budget is not None:
        said["budget_usd"] = _budget(budget)
    if metadata:
        said["metadata"] = dict(pair(each, "--metadata") for each in metadata)
    return said


def created(
    service: Service, fields: Mapping[str, Any], budget: str | None, metadata: list[str] | None, *, as_json: bool
) -> None:
    _print_secret(asked(service, "POST", "/v1/keys", said_of(fields, budget, metadata)), as_json=as_json)


def rotated(service: Service, key: str, overlap: int, *, as_json: bool) -> None:
    record = asked(service, "POST", f"/v1/keys/{key}/rotate", {"overlap": overlap})
    _print_secret(record, as_json=as_json)


def printed(told: Any) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())


def _print_secret(record: Record, *, as_json: bool) -> None:
    """The secret alone goes to standard output, so that it can be piped."""
    if as_json:
        printed(record)
        return
    name = f" ({record['name']})" if record["name"] else ""
    about = f"{record['id']}{name} begins with {record['prefix']}. Keep the secret: it is not shown again."
    typer.echo(without_controls(about), err=True)
    typer.echo(record["key"])


def _budget(text: str) -> Any:
    if "=" not in text:
        return _usd(text)
    return {name: _usd(usd) for name, usd in (pair(each, "--budget") for each in text.split(","))}


def _usd(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a number of US dollars.", param_hint="--budget") from None


def pair(text: str, option: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise typer.BadParameter(f"'{text}' is not NAME=VALUE.", param_hint=option)
    return name.strip(), value.strip()
