"""Takes one request through its attempts: retries and falls back before the first byte, settles each attempt once."""

from .call import DRAINED, Call, Keeping, KeptAnswer, Meter, Models, Prepared, Preparer, Recorder, Spending, reason_of
from .counting import Count, TokenCounter
from .engine import Engine
from .estimate import input_at_a_glance
from .kept import CollectedReply
from .reply import Reply
from .source import is_relayed

__all__ = [
    "DRAINED",
    "Call",
    "CollectedReply",
    "Count",
    "Engine",
    "Keeping",
    "KeptAnswer",
    "Meter",
    "Models",
    "Prepared",
    "Preparer",
    "Recorder",
    "Reply",
    "Spending",
    "TokenCounter",
    "input_at_a_glance",
    "is_relayed",
    "reason_of",
]
