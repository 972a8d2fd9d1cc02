"""The kinds of values that several sections of the configuration have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=256, description="a name of 1 to 256 characters")]
Tag = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._:-]*$",
        max_length=64,
        description="a word of lower-case letters, digits, '.', '_', ':' and '-'",
    ),
]


class OtherKeys(NamedTuple):
    """Keys of a section that aren't its fields: those that ``takes`` knows are the keys of the mapping ``field``.

    ``field`` is its encoded name. It has to be one that ``takes`` knows, so that no file can write it. ``names`` are
    shown for a key that isn't known.
    """

    field: str
    takes: Callable[[str], bool]
    names: tuple[str, ...]
