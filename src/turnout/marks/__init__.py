"""What an admin says of deployments by hand: open, close, drain. The control process keeps it, every process heeds it.

docs/decisions/control-process.md says what happens when a process dies.
"""

from .follower import MarkFollower
from .keeper import MarkKeeper
from .sheet import HandMark, MarkedLoad, MarkSheet

__all__ = ["HandMark", "MarkFollower", "MarkKeeper", "MarkSheet", "MarkedLoad"]
