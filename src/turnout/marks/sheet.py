"""All marks at one moment, and the two questions about them to the control process."""

from __future__ import annotations

from typing import Final

import msgspec

from turnout.host import Subject
from turnout.routing import Mark

MOST_MARKS: Final = 1000
"""Each answer of the control process has all of them, and an answer has a bound."""

LONGEST_ID: Final = 512
"""Characters of a deployment's id that can be marked."""


class HandMark(msgspec.Struct, frozen=True):
    """``since`` is a Unix time in seconds. ``by`` is the user of the admin's key, else the key's id; empty without a
    key.
    """

    state: Mark
    since: int
    by: str = ""


class MarkSheet(msgspec.Struct, frozen=True):
    """``marks`` by the deployment's id. ``problem`` says why they wouldn't outlive the control process, None if they
    would.

    ``version`` is another one after every change, also with the next control process.
    """

    version: int = 0
    marks: dict[str, HandMark] = {}
    problem: str | None = None


class MarkedLoad(msgspec.Struct, frozen=True):
    """A marked deployment, and how many requests this process has under way there."""

    deployment: str
    mark: HandMark
    under_way: int


class MarkChange(msgspec.Struct, frozen=True):
    """With None as ``state``, the mark is taken away."""

    deployment: str
    state: Mark | None
    by: str = ""


NEWER: Final = Subject("marks.newer", int, MarkSheet)
"""The question is the version that the asker has. The answer comes when there is another one, or after a while."""

CHANGE: Final = Subject("marks.change", MarkChange, MarkSheet)
