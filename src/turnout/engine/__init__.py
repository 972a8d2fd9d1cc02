"""Takes one request through its attempts: retries and falls back before the first byte, settles each attempt once."""

from .call import Call, Meter, Models, Prepared, Preparer, Recorder
from .engine import Engine
from .reply import Reply

__all__ = ["Call", "Engine", "Meter", "Models", "Prepared", "Preparer", "Recorder", "Reply"]
