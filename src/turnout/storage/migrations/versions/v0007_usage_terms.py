"""What an attempt used beside plain tokens, and the terms that decide its price. Most have none of it: NULL."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COUNTS = (
    "cache_write_1h",
    "video_input",
    "video_output",
    "cached_audio",
    "cached_image",
    "web_searches",
    "file_searches",
    "code_executions",
    "images",
    "seconds",
    "characters",
    "told_cost",
)
_TEXTS = ("service_tier", "speed", "region", "inner_usage")


def upgrade() -> None:
    for name in _COUNTS:
        op.add_column("attempts", sa.Column(name, sa.BigInteger))
    for name in _TEXTS:
        op.add_column("attempts", sa.Column(name, sa.Text))
