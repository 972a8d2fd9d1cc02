"""A collection: whose it is, its name, and what vectors it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, get_args
from urllib.parse import unquote_to_bytes

import msgspec

from turnout.errors import InvalidRequest

Distance = Literal["Cosine", "Dot", "Euclid", "Manhattan"]
"""Qdrant's words (https://qdrant.tech/documentation/concepts/collections/). ``Euclid`` and ``Manhattan`` are distances:
a smaller score is closer.
"""

DISTANCES: Final[Mapping[str, Distance]] = {word.lower(): word for word in get_args(Distance)}
LONGEST_NAME: Final = 100
MOST_SIZE: Final = 65_535
"""Numbers of a vector: Qdrant takes no more."""

_PREFIX: Final = "turnout"
_LONGEST_OWNER: Final = 120
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


class Place(msgspec.Struct, frozen=True):
    """``owner`` is the id of the key whose collection it is: each key has names of its own."""

    owner: str
    name: str


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """``size`` is that of its vectors, in numbers. ``points`` counts what it holds now."""

    place: Place
    size: int
    distance: Distance
    points: int = 0


def check_name(name: str, param: str) -> None:
    """Raises ``InvalidRequest``."""
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"Invalid '{param}': '{name[:LONGEST_NAME]}' is no name of a collection. It takes 1 to {LONGEST_NAME} "
            "letters of ASCII, digits and '_', and behind the first one '.' and '-'.",
            param=param,
        )


def name_in_qdrant(place: Place) -> str:
    """``turnout.OWNER.NAME``. Of the owner's id, any byte but letters, digits, ``_`` and ``-`` is ``=XX``, in hex:
    Qdrant takes no ``/`` and no ``:``. Raises ``InvalidRequest`` for an id that is too long for Qdrant.
    """
    owner = "".join([chr(byte) if chr(byte) in _PLAIN else f"={byte:02X}" for byte in place.owner.encode()])
    if len(owner) > _LONGEST_OWNER:
        raise InvalidRequest(
            f"The owner's id '{place.owner[:_LONGEST_OWNER]}' is too long: it can't have collections.", param="owner"
        )
    return f"{_PREFIX}.{owner}.{place.name}"


def place_in(name: str) -> Place | None:
    """The place of a collection of Qdrant's; None for one that isn't Turnout's."""
    prefix, _, rest = name.partition(".")
    owner, dot, own_name = rest.partition(".")
    if prefix != _PREFIX or not dot or not _NAME.fullmatch(own_name):
        return None
    return Place(unquote_to_bytes(owner.replace("=", "%")).decode(errors="replace"), own_name)
