"""Reads what OpenAI and Anthropic export of usage and costs, as CSV.

- OpenAI, https://platform.openai.com/usage, "Export". A file of usage has the fields of the Usage API
  (https://platform.openai.com/docs/api-reference/usage/completions_object) beside ``start_time``; ``input_tokens``
  includes cached ones. A file of costs has ``amount_value`` in USD; if it is grouped by line item, ``line_item`` is
  "gpt-5-nano, input_tokens". Times are Unix seconds.
- Anthropic, https://support.anthropic.com/en/articles/9534590-cost-and-usage-reporting-in-console. A file of usage has
  a column for each class of input tokens. A file of costs has ``cost_usd`` by model ("Claude Haiku 4.5") and
  ``token_type``.

Neither page names the columns. They were read from files that users published: of OpenAI
https://github.com/xavierjflanagan/Guardian (openai-usage-and-cost-report-2025-10-12.md) and
https://github.com/wanlonghenry/aiecon (examples/openai_dashboard_cost_to_aiecon.py), of Anthropic
https://github.com/erezgit/my-jarvis-desktop (03-anthropic-schema-comparison.md) and
https://github.com/axigatelabs/axigate-finops (a test of its cost import).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, NamedTuple

from turnout.core import picodollars
from turnout.errors import ConfigError

Fields = Mapping[str, str]
"""A line of the file, by column."""


class BilledLine(NamedTuple):
    """``model`` and ``key`` are empty where the file isn't by model or by key. ``cost`` is in picodollars.

    A line tells tokens or a cost; the others are None.
    """

    day: date
    model: str
    keys: frozenset[str]
    input: int | None = None
    output: int | None = None
    cost: int | None = None


class Export(NamedTuple):
    provider: str
    lines: list[BilledLine]


class _Form(NamedTuple):
    provider: str
    columns: frozenset[str]
    read: Callable[[Fields], BilledLine | None]


_ANTHROPIC_INPUT: Final = (
    "usage_input_tokens_no_cache",
    "usage_input_tokens_cache_write_5m",
    "usage_input_tokens_cache_write_1h",
    "usage_input_tokens_cache_read",
)


def read_export(path: Path) -> Export:
    """Raises ``ConfigError`` for a file that isn't one of the four, and for a value that can't be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            form = _form(path, reader.fieldnames or ())
            return Export(form.provider, list(_lines(path, form, reader)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} can't be read: {error}") from error


def _form(path: Path, columns: Iterable[str]) -> _Form:
    for form in _FORMS:
        if form.columns <= set(columns):
            return form
    raise ConfigError(
        f"{path} is not an export of usage or costs of OpenAI or Anthropic. Its columns are: {', '.join(columns)[:300]}"
    )


def _lines(path: Path, form: _Form, reader: csv.DictReader[str]) -> Iterable[BilledLine]:
    for fields in reader:
        try:
            line = form.read(fields)
        except (ValueError, InvalidOperation, OverflowError) as error:
            raise ConfigError(f"{path}:{reader.line_num}: {error or 'a number was expected'}") from error
        if line is not None:
            yield line


def _openai_usage(fields: Fields) -> BilledLine | None:
    if not fields["num_model_requests"]:
        return None  # a time without requests has a line, too
    return BilledLine(
        _day_of_seconds(fields["start_time"]),
        fields["model"],
        _keys(fields, "api_key_id"),
        input=_count(fields["input_tokens"]),
        output=_count(fields["output_tokens"]),
    )


def _openai_costs(fields: Fields) -> BilledLine | None:
    if not fields["amount_value"]:
        return None
    if fields["amount_currency"].lower() != "usd":
        raise ValueError(f"costs are in '{fields['amount_currency']}', not in usd")
    model = fields.get("line_item", "").partition(",")[0].strip()
    day = _day_of_seconds(fields["start_time"])
    return BilledLine(day, model, _keys(fields, "api_key_id"), cost=_cost(fields["amount_value"]))


def _anthropic_usage(fields: Fields) -> BilledLine:
    return BilledLine(
        _day(fields["usage_date_utc"]),
        fields["model_version"],
        _keys(fields, "api_key", "api_key_id"),
        input=sum(_count(fields.get(name, "")) for name in _ANTHROPIC_INPUT),
        output=_count(fields["usage_output_tokens"]),
    )


def _anthropic_costs(fields: Fields) -> BilledLine:
    day, model = _day(fields["usage_date_utc"]), fields.get("model", "").strip()
    return BilledLine(day, model, _keys(fields, "api_key", "api_key_id"), cost=_cost(fields["cost_usd"]))


_FORMS: Final = (
    _Form(
        "openai",
        frozenset(("start_time", "num_model_requests", "model", "input_tokens", "output_tokens")),
        _openai_usage,
    ),
    _Form("openai", frozenset(("start_time", "amount_value", "amount_currency")), _openai_costs),
    _Form(
        "anthropic",
        frozenset(("usage_date_utc", "model_version", "usage_input_tokens_no_cache", "usage_output_tokens")),
        _anthropic_usage,
    ),
    _Form("anthropic", frozenset(("usage_date_utc", "cost_usd")), _anthropic_costs),
)


def _keys(fields: Fields, *columns: str) -> frozenset[str]:
    """A key's name and id, as far as they are told."""
    return frozenset(filter(None, (fields.get(column, "") for column in columns)))


def _count(text: str) -> int:
    return int(Decimal(text)) if text else 0  # one export says 3.0


def _cost(text: str) -> int:
    return picodollars(Decimal(text))


def _day_of_seconds(text: str) -> date:
    return datetime.fromtimestamp(int(Decimal(text)), UTC).date()


def _day(text: str) -> date:
    return date.fromisoformat(text[: len("2026-11-30")])
