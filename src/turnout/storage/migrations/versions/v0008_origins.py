"""Who asked, as far as a session, a program, an end user and tags say it; who was at fault; by what usage is known.

``input_estimate`` and ``cost_estimate`` are what an attempt costs whose process died before its end.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("session", "agent", "end_user", "tags", "at_fault", "billing_rule"):
        op.add_column("attempts", sa.Column(name, sa.Text))
    for name in ("input_estimate", "cost_estimate"):
        op.add_column("attempts", sa.Column(name, sa.BigInteger))
