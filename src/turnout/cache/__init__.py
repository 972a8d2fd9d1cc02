"""Answers that are kept for the same question: what counts as the same, where they are kept, and for whom."""

from .entry import Entry, Labels, read_events, read_frames, written_events, written_frames
from .exact import ExactCache
from .flights import ALONE, Flight
from .memory import MemoryStore
from .question import Asker, keys_of_inputs, question_key
from .redis import RedisStore
from .store import CacheStore, Purge, Sizes
from .unread import has_untold
from .worth import is_worth_asking, is_worth_keeping, kept_events

__all__ = [
    "ALONE",
    "Asker",
    "CacheStore",
    "Entry",
    "ExactCache",
    "Flight",
    "Labels",
    "MemoryStore",
    "Purge",
    "RedisStore",
    "Sizes",
    "has_untold",
    "is_worth_asking",
    "is_worth_keeping",
    "kept_events",
    "keys_of_inputs",
    "question_key",
    "read_events",
    "read_frames",
    "written_events",
    "written_frames",
]
