"""What the rollups say: usage, performance, forecasts and advice; and keeping the rollups right (docs/usage.md)."""

from .questions import Usage
from .recomputing import Difference, Recomputing
from .requests import RequestList
from .upkeep import Retention, Upkeep

__all__ = ["Difference", "Recomputing", "RequestList", "Retention", "Upkeep", "Usage"]
