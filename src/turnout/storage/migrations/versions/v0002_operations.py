"""An attempt's operation, the changes to its media, and the tokens of media. Attempts before this were chats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The default gives the present rows a value without rewriting them."""
    op.add_column("attempts", sa.Column("operation", sa.Text, server_default="chat"))
    op.add_column("attempts", sa.Column("changes", sa.Text))
    op.add_column("attempts", sa.Column("audio_input", sa.BigInteger))
    op.add_column("attempts", sa.Column("audio_output", sa.BigInteger))
    op.add_column("attempts", sa.Column("image_input", sa.BigInteger))
    op.add_column("attempts", sa.Column("image_output", sa.BigInteger))
