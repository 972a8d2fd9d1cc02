"""Whether this version can use a database, by the names of its tables and columns. Pure, and without SQLAlchemy."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from turnout.errors import StorageUnavailable

from .attempt_rows import COLUMNS
from .rows import AuditRow, BookRow, KeyRow, ModelRow, RecordRow, TurnRow
from .usage.dimensions import CUBES, LATENCIES, MEASURES, PLAIN, Cube

VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
REVISIONS: Final = tuple(sorted(file.name[1:5] for file in VERSIONS.glob("v*.py")))
HEAD: Final = REVISIONS[-1]
"""The number of the newest migration, by the names of their files: ``v0004_turns.py``."""

_OF_REVISION: Final = ("alembic_version", "version_num")
_NAMED: Final = 3
"""Missing tables and columns that are named."""

Column = tuple[str, str]
"""The names of a table and of one of its columns."""


REVISION_QUERY: Final = "SELECT version_num FROM alembic_version"
COLUMN_QUERIES: Final = {
    "sqlite": (
        "SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns "
        "WHERE tables.type = 'table'"
    ),
    "postgresql": (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    ),
}
"""All columns of a database, by its kind."""


class Found(NamedTuple):
    """What a database has: the numbers of its newest migration, of which there should be one, and its columns."""

    revisions: Sequence[str] = ()
    columns: frozenset[Column] = frozenset()


def columns_of(rows: Iterable[Any]) -> frozenset[Column]:
    """The columns, from the rows of a query for them."""
    return frozenset((row[0], row[1]) for row in rows)


def has_revisions(columns: frozenset[Column]) -> bool:
    """Whether ``REVISION_QUERY`` can be asked: there is no such table before the first migration."""
    return _OF_REVISION in columns


def missing_migrations(found: Found) -> list[str]:
    """The numbers of the migrations that the database has not had. Raises ``StorageUnavailable`` if it is unusable."""
    problem = problem_of(found)
    if problem is not None:
        raise StorageUnavailable(problem)
    return [number for number in REVISIONS if not found.revisions or number > found.revisions[0]]


def title_of(number: str) -> str:
    """What a migration brings: the first line of its docstring."""
    (file,) = VERSIONS.glob(f"v{number}_*.py")
    return (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0]


def problem_of(found: Found) -> str | None:
    """Why this version can't use the database, in a sentence. None: it can, after migrations that are missing."""
    if len(found.revisions) > 1:
        return _half(f"it says that it is of versions {' and '.join(sorted(found.revisions))} at once")
    if not found.revisions:
        tables = {table for table, _ in found.columns} & {table for table, _ in EXPECTED} - {"attempts"}
        return _half(f"it has {_some(sorted(tables))} and doesn't say of which version") if tables else None
    (revision,) = found.revisions
    if revision not in REVISIONS:
        return (
            f"The database can't be used: a newer version of Turnout has changed it (to {revision}; this one knows "
            f"{HEAD}). Use that version, or another database."
        )
    missing = EXPECTED - found.columns if revision == HEAD else frozenset()
    return _half(f"it says that it is of version {HEAD} and lacks {_some(_names(missing, found))}") if missing else None


def _half(why: str) -> str:
    return (
        f"The database can't be used: it is half migrated: {why}. Restore a backup, or use another database; the "
        "journal keeps what isn't in it yet."
    )


def _names(missing: frozenset[Column], found: Found) -> list[str]:
    """A table that is missing as a whole is named once."""
    tables = {table for table, _ in found.columns}
    return sorted({f"{table}.{column}" if table in tables else table for table, column in missing})


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _expected() -> Iterator[Column]:
    """The tests compare it with ``tables.py``."""
    tables: dict[str, Sequence[str]] = {
        "attempts": COLUMNS,
        "ratings": ("request_id", "attempt_id", "number", "started", "price_version", "cost", "rated"),
        "models": ModelRow.__struct_fields__,
        "keys": KeyRow.__struct_fields__,
        "users": RecordRow.__struct_fields__,
        "teams": RecordRow.__struct_fields__,
        "audit": AuditRow.__struct_fields__,
        "price_books": BookRow.__struct_fields__,
        "turns": TurnRow.__struct_fields__,
        "revisions": ("name", "number"),
        "counters": ("name", "state", "owners", "expires"),
        "usage_numbers": ("name", "number"),
    }
    for cube in (PLAIN, LATENCIES):
        tables[f"{cube.name}_groups"] = ("id", *cube.dimensions)
    for cube in CUBES:
        for span in ("hour", "day") if cube.by_day else ("hour",):
            tables[f"{cube.name}_{span}s"] = (span, "group_id", *_cell(cube))
    for table, columns in tables.items():
        for column in columns:
            yield table, column


def _cell(cube: Cube) -> Sequence[str]:
    if cube.latency:
        return "timing", "bucket", "count"
    return (*((cube.extra,) if cube.extra else ()), *MEASURES)


EXPECTED: Final = frozenset(_expected())
"""The columns of a database of version ``HEAD``."""
