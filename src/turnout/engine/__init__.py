"""Takes one request through its attempts: retries and falls back before the first byte, settles each attempt once."""

from .call import DRAINED, Call, Meter, Models, Prepared, Preparer, Recorder, reason_of
from .engine import Engine
from .reply import Reply

__all__ = [
    "DRAINED",
    "Call",
    "Engine",
    "Meter",
    "Models",
    "Prepared",
    "Preparer",
    "Recorder",
    "Reply",
    "reason_of",
]
