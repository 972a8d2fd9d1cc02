"""Tokens (JWT) in place of keys, over sockets: who gets in on both planes, and what an issuer that is down means."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.raw import Reply
from tests.simulator.raw import ask as ask_raw
from tests.support.authority import Authority
from tests.support.raw_upstream import RawUpstream, Script, Visit, ok
from tests.support.signing import AUDIENCE, ISSUER, SECRET, Issuer, hs256
from tests.support.turnout_server import StartTurnout, TurnoutServer

ISSUERS = Issuer()
EVIL = Issuer()
TEAM_KEY, AUDITOR_KEY = "tk-team-SECRET-0123456789", "tk-auditor-SECRET-0123456789"
CHAT = {"model": "echo", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]}
PATIENCE = 10.0  # seconds


class List:
    """The issuer's list of keys. Without an answer, it isn't there."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer

    async def script(self, visit: Visit) -> None:
        while self.answer is not None and await visit.request():
            await visit.send(ok(self.answer))


def config(**jwt: Any) -> dict[str, Any]:
    keys = [
        {"key": TEAM_KEY, "name": "team", "user": "bob"},
        {"key": AUDITOR_KEY, "name": "audit", "auditor": True},
    ]
    given = {"issuer": ISSUER, "audience": AUDIENCE, "claims": {"roles": "realm_access.roles"}} | jwt
    return {"discovery": False, "models": {"echo": "echo/echo"}, "keys": keys, "auth": {"jwt": given}}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def chat(server: TurnoutServer, headers: dict[str, str], path: str = "/v1/chat/completions") -> Reply:
    return await ask_raw(server.url + path, CHAT, {"content-type": "application/json"} | headers)


async def get(server: TurnoutServer, path: str, key: str = TEAM_KEY) -> Reply:
    return await ask_raw(server.url + path, headers=bearer(key))


async def until_status(server: TurnoutServer, token: str, status: int) -> Reply:
    """Asks until the issuer's keys have come in, or gone."""
    async with asyncio.timeout(PATIENCE):
        while (reply := await chat(server, bearer(token))).status != status:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return reply


class Shared:
    def __init__(self, server: TurnoutServer, issuer: RawUpstream, stranger: RawUpstream) -> None:
        self.server = server
        self.issuer = issuer
        self.stranger = stranger


@pytest.fixture(scope="module")
async def shared(start_shared_turnout: StartTurnout) -> AsyncIterator[Shared]:
    """One server whose tokens are checked by a list of keys; nobody may ask the stranger for keys."""
    listed = List(ISSUERS.key_list())
    async with RawUpstream(listed.script) as issuer, RawUpstream(List(EVIL.key_list()).script) as stranger:
        server = start_shared_turnout(config(jwks_url=f"{issuer.origin}/certs"))
        await until_status(server, ISSUERS.rs256(), 200)
        yield Shared(server, issuer, stranger)
        assert "a defect in Turnout" not in server.log()
        assert "eyJ" not in server.log()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("sign", [ISSUERS.rs256, ISSUERS.es256], ids=["RS256", "ES256"])
@pytest.mark.parametrize(
    "headers", [lambda t: bearer(t), lambda t: {"x-api-key": t}], ids=["authorization", "x-api-key"]
)
async def test_a_token_is_taken_like_a_key(shared: Shared, headers: Any, sign: Any, path: str) -> None:
    assert (await chat(shared.server, headers(sign()), path)).status == 200


async def test_the_ledger_says_who_asked(shared: Shared) -> None:
    token = ISSUERS.rs256(sub="carol", team="blue")
    reply = await chat(shared.server, bearer(token))
    record = (await get(shared.server, f"/v1/requests/{reply.headers['x-request-id']}", token)).json
    (attempt,) = record["attempts"]
    assert (attempt["user"], attempt["key_id"].split(":")[0], attempt["key_id"].split(":")[2]) == (
        "carol",
        "jwt",
        "carol",
    )
    others = ISSUERS.rs256(sub="dave")
    assert (await get(shared.server, f"/v1/requests/{reply.headers['x-request-id']}", others)).status == 404


ADMIN, AUDITOR, USER = ({"realm_access": {"roles": [role]}} for role in ("admin", "auditor", "user"))


@pytest.mark.parametrize(
    ("claims", "reads", "changes"),
    [(ADMIN, 200, 201), (AUDITOR, 200, 403), (USER, 403, 403), ({}, 403, 403), ({"roles": ["admin"]}, 403, 403)],
    ids=["admin", "auditor", "user", "nothing", "roles-in-another-claim"],
)
async def test_roles_hold_on_the_control_plane(
    shared: Shared, claims: dict[str, Any], reads: int, changes: int
) -> None:
    key = ISSUERS.rs256(**claims)
    model = {"id": "made", "name": "made", "provider": "echo", "upstream_model": "x"}
    for path in ("/v1/deployments", "/v1/usage/performance", "/v1/usage?user=bob"):
        assert (await get(shared.server, path, key)).status == reads
    made = await ask_raw(f"{shared.server.url}/api/models", model, bearer(key) | {"content-type": "application/json"})
    assert made.status == changes
    if changes == 201:
        gone = await ask_raw(
            f"{shared.server.url}/api/models/made", headers=bearer(key) | {"connection": "close"}, method="DELETE"
        )
        assert gone.status == 204


async def test_a_key_of_the_file_may_be_an_auditors(shared: Shared) -> None:
    reply = await chat(shared.server, bearer(TEAM_KEY))
    path = f"/v1/requests/{reply.headers['x-request-id']}"
    assert [(await get(shared.server, path, key)).status for key in (TEAM_KEY, AUDITOR_KEY)] == [200, 200]
    assert (await get(shared.server, "/v1/usage?user=bob", AUDITOR_KEY)).status == 200
    marked = await ask_raw(
        f"{shared.server.url}/v1/deployments/echo/echo", {"state": "open"}, bearer(AUDITOR_KEY), method="PUT"
    )
    assert marked.status == 403


def attacks(stranger: str) -> dict[str, str]:
    return {
        "expired": ISSUERS.rs256(exp=int(time.time()) - 60),
        "foreign-audience": ISSUERS.rs256(aud="billing"),
        "foreign-issuer": ISSUERS.rs256(iss="https://evil.example"),
        "another-key": EVIL.rs256(),
        "a-secret-where-a-list-checks": hs256(),
        "jku": EVIL.rs256({"kid": "mine", "jku": f"{stranger}/keys"}),
        "x5u": EVIL.rs256({"kid": "mine", "x5u": f"{stranger}/cert"}),
        "kid-as-an-address": EVIL.rs256({"kid": f"{stranger}/key"}),
        "huge": f"eyJ{'a' * 20_000}.x.x",
        "cut": ISSUERS.rs256()[:-8],
    }


async def test_attacks_get_a_401_on_both_planes_and_nothing_is_fetched_for_them(shared: Shared) -> None:
    read = len(shared.issuer.requests)
    for name, token in attacks(shared.stranger.origin).items():
        replies = [await chat(shared.server, bearer(token)), await get(shared.server, "/v1/models", token)]
        assert [reply.status for reply in replies] == [401, 401], name
        assert token not in replies[0].body.decode()
        assert shared.server.url not in replies[0].body.decode()
    assert shared.stranger.requests == []
    assert len(shared.issuer.requests) <= read + 1


async def test_of_two_in_one_request_one_asks(shared: Shared) -> None:
    """By the order of headers, whatever it may: the admin's token behind the key is never looked at."""
    admin = ISSUERS.rs256(**ADMIN)
    for first, status in ((TEAM_KEY, 403), (admin, 200)):
        second = admin if first == TEAM_KEY else TEAM_KEY
        both = bearer(first) | {"x-api-key": second}
        assert (await ask_raw(f"{shared.server.url}/v1/deployments", headers=both)).status == status
        doubled = bearer(first) | {"Authorization": f"Bearer {second}"}
        assert (await ask_raw(f"{shared.server.url}/v1/deployments", headers=doubled)).status == status


@asynccontextmanager
async def issuer_at(port: int, script: Script) -> AsyncIterator[None]:
    """An issuer that comes up where nobody listened."""

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await script(Visit(reader, writer))
        writer.close()

    server = await asyncio.start_server(visited, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


async def test_without_the_issuer_keys_work_and_tokens_come_with_it(start_turnout: StartTurnout) -> None:
    async with RawUpstream() as nobody:
        port = nobody.port
    server = start_turnout(config(jwks_url=f"http://127.0.0.1:{port}/certs"))
    assert (await chat(server, bearer(TEAM_KEY))).status == 200
    async with asyncio.timeout(PATIENCE):
        while not (health := (await get(server, "/health")).json)["parts"]["tokens"]["error"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    tokens = health["parts"]["tokens"]
    assert (health["status"], tokens["checked_by"], tokens["keys"]) == ("degraded", "jwks", 0)
    assert tokens["error"] == f"http://127.0.0.1:{port} refused the connection."
    refused = await chat(server, bearer(ISSUERS.rs256()))
    assert (refused.status, refused.json["error"]["code"]) == (503, "token_uncheckable")
    assert "can't be checked yet" in refused.json["error"]["message"]
    listed = List(ISSUERS.key_list())
    async with issuer_at(port, listed.script):
        await until_status(server, ISSUERS.rs256(), 200)
    assert (await chat(server, bearer(ISSUERS.es256(sub="somebody-new")))).status == 200, "the issuer is gone again"


async def test_the_list_is_read_from_an_own_authority(start_turnout: StartTurnout, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with RawUpstream(List(ISSUERS.key_list()).script, tls=authority.server("IP:127.0.0.1")) as issuer:
        server = start_turnout(config(jwks_url=f"{issuer.origin}/certs", ca=str(authority.certificate)))
        await until_status(server, ISSUERS.rs256(), 200)


async def test_a_secret_in_the_environment_is_enough(start_turnout: StartTurnout) -> None:
    """And it needs a key or a token from everybody, also on loopback. A change of the file holds at once."""
    models = {"discovery": False, "models": {"echo": "echo/echo"}}
    server = start_turnout(models, env={"JWT_SECRET": SECRET})
    assert (await chat(server, {})).status == 401
    assert (await chat(server, bearer(hs256(aud=None)))).status == 200
    assert (await chat(server, bearer(hs256()))).status == 401, "it is made for an audience, and none is configured"
    assert not (server.data_dir / "admin.key").exists()
    server.configure(models | {"auth": {"jwt": {"audience": AUDIENCE}}})
    await until_status(server, hs256(), 200)
    assert (await chat(server, bearer(hs256(aud=None)))).status == 401
