"""Failures without what the provider said in its own form, which tests/providers/test_error_words.py is about."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from turnout.core import Failure, StreamEvent


def bare(events: Sequence[StreamEvent]) -> list[StreamEvent]:
    return [msgspec.structs.replace(event, words=None) if isinstance(event, Failure) else event for event in events]
