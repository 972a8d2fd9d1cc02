"""The tables, as statements use them. The migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text

metadata = MetaData()

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("started", BigInteger, nullable=False),  # Unix time, microseconds
    Column("dialect", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("deployment", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("upstream_model", Text, nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("queue", BigInteger),  # this and the next two: microseconds
    Column("first_token", BigInteger),
    Column("total", BigInteger),
    Column("cost", BigInteger),  # picodollars
    Column("price_version", Text),
    Column("finish", Text),
    Column("error_code", Text),
    Column("error", Text),
    Column("input", BigInteger),  # this and the next four: tokens
    Column("output", BigInteger),
    Column("cached_input", BigInteger),
    Column("cache_write", BigInteger),
    Column("reasoning", BigInteger),
    Column("usage_source", Text),
    Column("operation", Text, server_default="chat"),
    Column("changes", Text),  # a JSON array of texts
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
    Column("id", Text, primary_key=True),
    Column("definition", Text, nullable=False),  # JSON
    Column("created", BigInteger, nullable=False),  # this and the next one: Unix time, seconds
    Column("updated", BigInteger, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Text, primary_key=True),  # the answer's
    Column("key_id", Text, nullable=False),
    Column("previous", Text),
    Column("deployment", Text, nullable=False),
    Column("items", Text, nullable=False),  # this and the next two: JSON
    Column("output", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created", BigInteger, nullable=False),  # this and the next one: Unix time, seconds
    Column("expires", BigInteger, nullable=False),
    Index("turns_expires", "expires"),
)
