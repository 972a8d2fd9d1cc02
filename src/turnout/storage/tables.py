"""The tables, as statements use them. The migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, MetaData, PrimaryKeyConstraint, Table

from .attempt_columns import attempt_columns
from .words import Words

metadata = MetaData()

attempts = Table(
    "attempts",
    metadata,
    *attempt_columns(),
    # One index does two jobs: it finds a request's attempts, and it lets an attempt in only once.
    PrimaryKeyConstraint("request_id", "attempt_id"),
    Index("attempts_started", "started"),
    Index("attempts_user_started", "user", "started"),
    Index("attempts_model_started", "model", "started"),
)

models = Table(
    "models",
    metadata,
    Column("id", Words, primary_key=True),
    Column("definition", Words, nullable=False),  # JSON
    Column("created", BigInteger, nullable=False),  # this and the next one: Unix time, seconds
    Column("updated", BigInteger, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("name", Words, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Words, primary_key=True),  # the answer's
    Column("key_id", Words, nullable=False),
    Column("previous", Words),
    Column("deployment", Words, nullable=False),
    Column("items", Words, nullable=False),  # this and the next two: JSON
    Column("output", Words, nullable=False),
    Column("answer", Words, nullable=False),
    Column("created", BigInteger, nullable=False),  # this and the next one: Unix time, seconds
    Column("expires", BigInteger, nullable=False),
    Index("turns_expires", "expires"),
)
