"""What an attempt was asked to do, what was done to its media, and the tokens of media. Before, all were chats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The default fills in the rows that are there without writing them anew."""
    op.add_column("attempts", sa.Column("operation", sa.Text, server_default="chat"))
    op.add_column("attempts", sa.Column("changes", sa.Text))
    op.add_column("attempts", sa.Column("audio_input", sa.BigInteger))
    op.add_column("attempts", sa.Column("audio_output", sa.BigInteger))
    op.add_column("attempts", sa.Column("image_input", sa.BigInteger))
    op.add_column("attempts", sa.Column("image_output", sa.BigInteger))
