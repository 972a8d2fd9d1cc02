"""The database. SQLAlchemy is imported when it is opened, not with this room: that costs 0.6 s and 24 MB."""

from .address import database_url
from .lazy import LazyDatabase
from .rows import LARGEST_INTEGER, AttemptRow, ModelRow, StartedRow, TurnRow

__all__ = ["LARGEST_INTEGER", "AttemptRow", "LazyDatabase", "ModelRow", "StartedRow", "TurnRow", "database_url"]
