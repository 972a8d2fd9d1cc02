"""What tokens cost, from the price book: the data of the package ``genai-prices``, in a form of our own.

The package's data and models take 58 MB and 0.3 s to import, which a server can't spare. So ``pricebook`` reads them in
a process of its own and prints them as picodollars; the outcome is kept in the data directory, and every later start
has its prices before the first request.

A price that grows with the request's length counts with its first tier, one that changes with the hour of the day with
its standard rate.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from turnout.core import Price
from turnout.errors import TurnoutError

PACKAGE: Final = "genai-prices"
FILE_NAME: Final = "prices.json"
CHILD_SECONDS: Final = 60
FREE: Final = Price(version="free")

_COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


class Match(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which names mean a model: exactly one of these is set. Texts are in lower case."""

    equals: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    contains: str | None = None
    regex: str | None = None
    any: tuple[Match, ...] | None = None
    all: tuple[Match, ...] | None = None

    def matches(self, name: str) -> bool:
        if self.equals is not None:
            return name == self.equals
        if self.any is not None:
            return any(match.matches(name) for match in self.any)
        if self.starts_with is not None:
            return name.startswith(self.starts_with)
        if self.contains is not None:
            return self.contains in name
        if self.ends_with is not None:
            return name.endswith(self.ends_with)
        if self.all is not None:
            return all(match.matches(name) for match in self.all)
        return self.regex is not None and re.search(self.regex, name) is not None


class Rate(msgspec.Struct, frozen=True, omit_defaults=True):
    """Picodollars a token, from a day on (``since`` None: ever)."""

    input: int
    output: int
    cached_input: int | None = None
    cache_write: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    image_input: int | None = None
    image_output: int | None = None
    since: date | None = None


class PricedModel(msgspec.Struct, frozen=True):
    """``rates`` in the order of their days: the last one that has begun holds."""

    match: Match
    rates: tuple[Rate, ...]


class Source(msgspec.Struct, frozen=True):
    """A provider of the book; a model it doesn't list may be listed by one of ``others``."""

    models: tuple[PricedModel, ...]
    others: tuple[str, ...] = ()


class PriceBook(msgspec.Struct, frozen=True):
    """``version`` is the package's; ``sources`` are the providers that were asked for, and those they refer to."""

    version: str
    asked: tuple[str, ...]
    sources: dict[str, Source]

    def price(self, source: str, model: str, today: date | None = None) -> Price | None:
        """The price of a provider's model today (UTC); None when the book doesn't know it."""
        name = model.lower()
        rates = self._rates(source, name) or self._rates(source, _COMPACT_DATE.sub(r"-\1-\2-\3", name))
        if not rates:
            return None
        day = today or datetime.now(UTC).date()
        rate = next((rate for rate in reversed(rates) if rate.since is None or rate.since <= day), rates[0])
        return Price(
            input=rate.input,
            output=rate.output,
            cached_input=rate.cached_input,
            cache_write=rate.cache_write,
            audio_input=rate.audio_input,
            audio_output=rate.audio_output,
            image_input=rate.image_input,
            image_output=rate.image_output,
            version=f"{PACKAGE} {self.version}",
        )

    def _rates(self, source: str, name: str) -> tuple[Rate, ...]:
        known = self.sources.get(source)
        if known is None:
            return ()
        for listed in (known, *(self.sources[other] for other in known.others if other in self.sources)):
            for model in listed.models:
                if model.match.matches(name):
                    return model.rates
        return ()


_DECODER = msgspec.json.Decoder(PriceBook)


class PricesUnavailable(TurnoutError):
    """The price book can't be read; costs stay unknown until it can."""

    code = "prices_unavailable"


def kept_book(folder: Path, sources: Collection[str]) -> PriceBook | None:
    """The book as an earlier run left it; None when there is none, or it is another version's or lacks a source."""
    try:
        book = _DECODER.decode((folder / FILE_NAME).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    return book if book.version == version(PACKAGE) and set(sources) <= set(book.asked) else None


async def read_book(sources: Iterable[str]) -> PriceBook:
    """Reads the package's data in a process of its own. Raises ``PricesUnavailable``."""
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "turnout.catalog.pricebook",
            *sorted(sources),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise PricesUnavailable(f"The price book can't be read: {error.strerror}.") from error
    try:
        async with asyncio.timeout(CHILD_SECONDS):
            out, problem = await child.communicate()
        return _DECODER.decode(out)
    except TimeoutError:
        raise PricesUnavailable(f"The price book took more than {CHILD_SECONDS} s to read.") from None
    except msgspec.DecodeError as error:
        last = problem.decode(errors="replace").strip().rpartition("\n")[2]
        raise PricesUnavailable(f"The price book can't be read: {last or error}") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def keep_book(book: PriceBook, folder: Path) -> None:
    """Leaves the book for later runs. Several processes may do so at once. Raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{FILE_NAME}.{os.getpid()}"
    draft.write_bytes(msgspec.json.encode(book))
    draft.replace(folder / FILE_NAME)
