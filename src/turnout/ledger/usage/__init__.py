"""What the rollups say: usage, performance, forecasts and advice; and keeping the rollups right (docs/usage.md)."""

from .questions import Usage
from .requests import RequestList
from .upkeep import Retention, Upkeep

__all__ = ["RequestList", "Retention", "Upkeep", "Usage"]
