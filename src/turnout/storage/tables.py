"""The tables, as statements use them. The migrations make them; a test compares both."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Table, text

from .attempt_columns import attempt_columns
from .texts import StorableText
from .usage.tables import make_tables

metadata = MetaData()

WITH_SESSION: Final = text("session <> ''")
"""The attempts that the index of sessions has."""

attempts = Table(
    "attempts",
    metadata,
    *attempt_columns(),
    # This index finds a request's attempts, and it lets an attempt in only once.
    PrimaryKeyConstraint("request_id", "attempt_id"),
    Index("attempts_started", "started"),
    Index("attempts_user_started", "user", "started"),
    Index("attempts_model_started", "model", "started"),
    Index(
        "attempts_session_started",
        "session",
        "started",
        postgresql_where=WITH_SESSION,
        sqlite_where=WITH_SESSION,
    ),
)

ratings = Table(
    "ratings",
    metadata,
    Column("request_id", StorableText),
    Column("attempt_id", StorableText),
    Column("number", Integer),  # 1, 2, …: the highest one of an attempt counts
    Column("started", BigInteger, nullable=False),  # of the attempt: old ones go with it
    Column("price_version", StorableText, nullable=False),
    Column("cost", BigInteger, nullable=False),  # picodollars
    Column("rated", BigInteger, nullable=False),  # Unix time, seconds
    PrimaryKeyConstraint("request_id", "attempt_id", "number"),
    Index("ratings_started", "started"),
)

models = Table(
    "models",
    metadata,
    Column("id", StorableText, primary_key=True),
    Column("definition", StorableText, nullable=False),  # JSON
    Column("created", BigInteger, nullable=False),  # this and the next one: Unix time, seconds
    Column("updated", BigInteger, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("name", StorableText, primary_key=True),
    Column("number", BigInteger, nullable=False),
)


def _access_columns() -> tuple[Column[str] | Column[int], ...]:
    return (
        Column("id", StorableText, primary_key=True),
        Column("definition", StorableText, nullable=False),  # JSON; empty: deleted
        Column("created", BigInteger, nullable=False),  # this and the next one: Unix time, seconds
        Column("updated", BigInteger, nullable=False),
        Column("revision", BigInteger, nullable=False),  # of the last change: nobody else's has this number
    )


keys = Table(
    "keys",
    metadata,
    *_access_columns(),
    Column("name", StorableText, unique=True),
    Column("digest", StorableText, nullable=False, unique=True),  # SHA-256 of the secret, in hex
    Column("prefix", StorableText, nullable=False, unique=True),
    Column("last_four", StorableText, nullable=False),
    Index("keys_revision", "revision"),
)

users = Table("users", metadata, *_access_columns(), Index("users_revision", "revision"))

teams = Table("teams", metadata, *_access_columns(), Index("teams_revision", "revision"))

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, …: in the order of the commits
    Column("time", BigInteger, nullable=False),  # Unix time, seconds
    Column("who", StorableText, nullable=False),
    Column("action", StorableText, nullable=False),
    Column("kind", StorableText, nullable=False),
    Column("subject", StorableText, nullable=False),
    Column("before", StorableText),  # this and the next one: JSON
    Column("after", StorableText),
    Index("audit_subject", "kind", "subject", "number"),
)

price_books = Table(
    "price_books",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # the highest one counts
    Column("version", StorableText, nullable=False),
    Column("source", StorableText, nullable=False),
    Column("taken", BigInteger, nullable=False),  # Unix time, seconds
    Column("content", StorableText, nullable=False),  # JSON
)

turns = Table(
    "turns",
    metadata,
    Column("id", StorableText, primary_key=True),  # of the answer
    Column("key_id", StorableText, nullable=False),
    Column("previous", StorableText),
    Column("deployment", StorableText, nullable=False),
    Column("items", StorableText, nullable=False),  # this and the next two: JSON
    Column("output", StorableText, nullable=False),
    Column("answer", StorableText, nullable=False),
    Column("created", BigInteger, nullable=False),  # this and the next one: Unix time, seconds
    Column("expires", BigInteger, nullable=False),
    Index("turns_expires", "expires"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", StorableText, primary_key=True),  # of a limit, or of a budget and its period
    Column("state", LargeBinary, nullable=False),
    Column("owners", StorableText, nullable=False),  # the processes that hold some of a budget, with spaces between
    Column("expires", BigInteger, nullable=False),  # Unix time, microseconds
    Index("counters_expires", "expires"),
)

cubes = make_tables(metadata)

usage_numbers = Table(
    "usage_numbers",
    metadata,
    Column("name", StorableText, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
