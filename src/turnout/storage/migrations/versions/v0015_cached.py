"""Requests that a kept answer was enough for, and what these answers have saved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SUMS = ("usage_hours", "usage_days", "session_usage_hours", "tag_usage_hours", "tag_usage_days")
MEASURES = ("cached", "saved_high", "saved_low")


def upgrade() -> None:
    op.add_column("attempts", sa.Column("saved", sa.BigInteger))
    for table in SUMS:
        for measure in MEASURES:
            op.add_column(table, sa.Column(measure, sa.BigInteger, nullable=False, server_default="0"))
