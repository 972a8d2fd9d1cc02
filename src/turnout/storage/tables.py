"""The tables, as statements use them. The migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table

from .words import Words

metadata = MetaData()

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", Words, nullable=False),
    Column("request_id", Words, nullable=False),
    Column("number", Integer, nullable=False),
    Column("started", BigInteger, nullable=False),  # Unix time, microseconds
    Column("dialect", Words, nullable=False),
    Column("key_id", Words, nullable=False),
    Column("user", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("deployment", Words, nullable=False),
    Column("provider", Words, nullable=False),
    Column("upstream_model", Words, nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("outcome", Words, nullable=False),
    Column("status", Integer, nullable=False),
    Column("queue", BigInteger),  # this and the next two: microseconds
    Column("first_token", BigInteger),
    Column("total", BigInteger),
    Column("cost", BigInteger),  # picodollars
    Column("price_version", Words),
    Column("finish", Words),
    Column("error_code", Words),
    Column("error", Words),
    Column("input", BigInteger),  # this and the next four: tokens
    Column("output", BigInteger),
    Column("cached_input", BigInteger),
    Column("cache_write", BigInteger),
    Column("reasoning", BigInteger),
    Column("usage_source", Words),
    Column("operation", Words, server_default="chat"),
    Column("changes", Words),  # a JSON array of texts
    Column("audio_input", BigInteger),  # this and the next three: tokens
    Column("audio_output", BigInteger),
    Column("image_input", BigInteger),
    Column("image_output", BigInteger),
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
