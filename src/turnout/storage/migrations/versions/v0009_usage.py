"""Rollups of usage: groups of attempts, and their sums by hour and by day. They begin empty.

`turnout ledger rebuild` makes those of attempts that are there already.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SHARED = ("user", "key_id", "model", "provider", "deployment", "agent", "operation")
CUBES = {"usage": ("hour", "day"), "session_usage": ("hour",), "tag_usage": ("hour", "day")}
EXTRA = {"usage": (), "session_usage": ("session",), "tag_usage": ("tag",)}
MEASURES = (
    "requests",
    "attempts",
    "ok",
    "failed",
    "cut",
    "client_gone",
    "drained",
    "outrun",
    "lost",
    "fault_client",
    "fault_turnout",
    "fault_provider",
    "input",
    "output",
    "cached_input",
    "cache_write",
    "reasoning",
    "audio_input",
    "audio_output",
    "image_input",
    "image_output",
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
    "estimated",
    "unmetered",
    "unpriced",
    "unpriced_tokens",
    "cost_high",
    "cost_low",
)
LATENCY = ("model", "provider", "deployment", "operation")


def upgrade() -> None:
    with_session = sa.text("session <> ''")
    op.create_index(
        "attempts_session_started",
        "attempts",
        ["session", "started"],
        postgresql_where=with_session,
        sqlite_where=with_session,
    )
    _make_groups("usage", SHARED)
    for cube, spans in CUBES.items():
        for span in spans:
            _make_cells(cube, span, [sa.Column(extra, sa.Text, nullable=False) for extra in EXTRA[cube]], MEASURES)
            for extra in EXTRA[cube]:
                op.create_index(f"{cube}_{span}s_{extra}", f"{cube}_{span}s", [extra, span])
    _make_groups("latency", LATENCY)
    for span in ("hour", "day"):
        bucket: list[sa.Column[Any]] = [
            sa.Column("timing", sa.Text, nullable=False),
            sa.Column("bucket", sa.Integer, nullable=False),
        ]
        _make_cells("latency", span, bucket, ("count",))
    op.create_table(
        "usage_numbers",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
    )


def _make_groups(cube: str, dimensions: tuple[str, ...]) -> None:
    op.create_table(
        f"{cube}_groups",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        *[sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''")) for name in dimensions],
    )


def _make_cells(cube: str, span: str, more: list[sa.Column[Any]], measures: tuple[str, ...]) -> None:
    name = f"{cube}_{span}s"
    key: list[sa.Column[Any]] = [
        sa.Column(span, sa.Integer, nullable=False),
        sa.Column("group_id", sa.BigInteger, nullable=False),
        *more,
    ]
    op.create_table(
        name,
        *key,
        *[sa.Column(measure, sa.BigInteger, nullable=False, server_default="0") for measure in measures],
        sa.PrimaryKeyConstraint(*[column.name for column in key]),
    )
    op.create_index(f"{name}_group", name, ["group_id", span])
