"""What each role may read and change on the control plane. Every admin is an auditor, and every auditor a user."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.asgi import InProcess, in_process
from turnout.server.control.needs import NEEDS

ADMIN, AUDITOR, USER = "tk-admin-SECRET", "tk-auditor-SECRET", "tk-user-SECRET"
CONFIG = {
    "discovery": False,
    "models": {"echo": "echo/echo"},
    "users": {"alice": {"limits": "100/minute"}},
    "teams": {"blue": {"limits": "100/minute"}},
    "keys": [
        {"key": ADMIN, "name": "boss", "admin": True},
        {"key": AUDITOR, "name": "audit", "auditor": True},
        {"key": USER, "name": "eve"},
    ],
}
OTHERS = ("auditor", "made auditor", "user", "nobody")
READERS, OWN_READERS, OPEN, ADMINS = (
    (200, 200, 403, 401),
    (200, 200, 404, 401),
    (200, 200, 200, 401),
    (403, 403, 403, 401),
)
"""The statuses of the ``OTHERS`` than admins. An admin is let in everywhere."""

READING = {
    "/v1/keys": READERS,
    "/v1/keys/boss": OWN_READERS,
    "/v1/keys/boss/policy": OWN_READERS,
    "/v1/keys/eve": OPEN,
    "/v1/keys/eve/policy": OPEN,
    "/v1/users": READERS,
    "/v1/users/alice": READERS,
    "/v1/teams": READERS,
    "/v1/teams/blue": READERS,
    "/v1/audit": READERS,
    "/v1/deployments": READERS,
    "/v1/usage/performance": READERS,
    "/v1/requests": OPEN,
    "/v1/usage": OPEN,
}
CHANGING = (
    "POST /v1/keys",
    "PATCH /v1/keys/none",
    "DELETE /v1/keys/none",
    "POST /v1/keys/none/rotate",
    "POST /v1/keys/none/revoke",
    "POST /v1/users",
    "PATCH /v1/users/none",
    "DELETE /v1/users/none",
    "POST /v1/teams",
    "PATCH /v1/teams/none",
    "DELETE /v1/teams/none",
    "PUT /v1/deployments/none",
    "POST /api/models",
    "PUT /api/models/none",
    "DELETE /api/models/none",
)
TABLE = {f"GET {path}": statuses for path, statuses in READING.items()} | dict.fromkeys(CHANGING, ADMINS)


class Roles:
    def __init__(self, app: InProcess, secrets: dict[str, str]) -> None:
        self._app = app
        self._secrets = secrets

    async def status(self, role: str, route: str) -> int:
        method, _, path = route.partition(" ")
        secret = self._secrets.get(role)
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {secret}"} if secret else {})
        return (await self._app.ask(method, path, b"[]", headers)).status


@pytest.fixture(scope="module")
async def roles(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Roles]:
    async with in_process(tmp_path_factory.mktemp("roles"), CONFIG) as app:
        headers = {"authorization": f"Bearer {ADMIN}", "content-type": "application/json"}
        made = (await app.ask("POST", "/v1/keys", {"auditor": True}, headers)).json["key"]
        yield Roles(app, {"admin": ADMIN, "auditor": AUDITOR, "made auditor": made, "user": USER})


@pytest.mark.parametrize("route", TABLE)
async def test_a_role_may_do_what_the_table_says(roles: Roles, route: str) -> None:
    assert tuple([await roles.status(role, route) for role in OTHERS]) == TABLE[route]
    assert await roles.status("admin", route) not in (401, 403)


@pytest.mark.parametrize("name", [name for name in NEEDS if name.startswith("GET")])
async def test_an_auditor_may_read_every_route(roles: Roles, name: str) -> None:
    """Also one that is added later."""
    assert await roles.status("auditor", name.replace("{", "").replace("}", "").replace(":path", "")) not in (401, 403)
