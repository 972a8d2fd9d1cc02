"""The attempts' table. A database that has it from the time before migrations is adopted as it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("attempt_id", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("upstream_model", sa.Text, nullable=False),
        sa.Column("stream", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("queue", sa.BigInteger),
        sa.Column("first_token", sa.BigInteger),
        sa.Column("total", sa.BigInteger),
        sa.Column("cost", sa.BigInteger),
        sa.Column("price_version", sa.Text),
        sa.Column("finish", sa.Text),
        sa.Column("error_code", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("input", sa.BigInteger),
        sa.Column("output", sa.BigInteger),
        sa.Column("cached_input", sa.BigInteger),
        sa.Column("cache_write", sa.BigInteger),
        sa.Column("reasoning", sa.BigInteger),
        sa.Column("usage_source", sa.Text),
        sa.PrimaryKeyConstraint("request_id", "attempt_id"),
        if_not_exists=True,
    )
    op.create_index("attempts_started", "attempts", ["started"], if_not_exists=True)
    op.create_index("attempts_user_started", "attempts", ["user", "started"], if_not_exists=True)
    op.create_index("attempts_model_started", "attempts", ["model", "started"], if_not_exists=True)
