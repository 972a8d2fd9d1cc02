"""The database. SQLAlchemy is imported when it is opened, not with this package: the import costs 0.6 s and 24 MB."""

from .address import database_url
from .lazy import LazyDatabase
from .rows import ModelRow, TurnRow

__all__ = ["LazyDatabase", "ModelRow", "TurnRow", "database_url"]
