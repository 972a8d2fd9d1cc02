from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.asgi import InProcess, in_process

ADMIN, TEAM, OTHER = "tk-admin-SECRET", "tk-team-SECRET", "tk-other-SECRET"
MODELS = {"echo": "echo/echo", "oll": "echo/oll"}


@pytest.fixture(scope="package")
async def guarded_app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    """It wants keys: an admin's, ``TEAM`` for all models, ``OTHER`` for one."""
    keys = [
        {"key": ADMIN, "name": "admin", "admin": True},
        {"key": TEAM, "name": "team"},
        {"key": OTHER, "name": "other", "models": ["oll"]},
    ]
    async with in_process(tmp_path_factory.mktemp("guarded"), {"models": MODELS, "keys": keys}) as app:
        yield app


@pytest.fixture(scope="package")
async def open_app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    """On loopback, without keys; one page and one name are allowed."""
    server = {"cors": ["https://App.example"], "allowed_hosts": ["llm.example"]}
    async with in_process(tmp_path_factory.mktemp("open"), {"models": MODELS, "server": server}) as app:
        yield app
