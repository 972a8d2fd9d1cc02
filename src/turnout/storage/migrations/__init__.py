"""Alembic's folder. ``alembic revision -m "…"`` begins a new migration; docs/decisions/storage.md says how."""
