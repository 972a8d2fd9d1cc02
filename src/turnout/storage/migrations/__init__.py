"""Alembic's folder. docs/decisions/storage.md says how to add a migration."""
