"""Which attempt's answer an attempt goes on with, and how. Most answer from the start: then both are NULL."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("continues", sa.BigInteger))
    op.add_column("attempts", sa.Column("seam", sa.Text))
