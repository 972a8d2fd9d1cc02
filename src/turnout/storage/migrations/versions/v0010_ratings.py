"""What attempts cost by later prices: an attempt is never changed, and its newest rating counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ratings",
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("attempt_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("price_version", sa.Text, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("rated", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("request_id", "attempt_id", "number"),
    )
    op.create_index("ratings_started", "ratings", ["started"])
