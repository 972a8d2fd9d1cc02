"""The team of an attempt's key, and the model's own name where the client asked by an alias.

Groups are found by what budgets are of: a key, a user, a team, a model.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("team", "alias_of"):
        op.add_column("attempts", sa.Column(name, sa.Text))
        op.add_column("usage_groups", sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''")))
    for name in ("key_id", "user", "team", "model", "alias_of"):
        op.create_index(f"usage_groups_{name}", "usage_groups", [name])
