"""Keys, users and teams over the API: who may, what is told, and what is refused."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from typing import Any

import pytest

from tests.support.asgi import Answer, InProcess, in_process

ADMIN, TEAM = "tk-admin-SECRET", "tk-team-SECRET"
CONFIG = {
    "discovery": False,
    "models": {"echo": "echo/echo"},
    "tiers": {"basic": {"limits": "10/minute"}},
    "users": {"alice": {"limits": "5/minute"}},
    "keys": [
        {"key": ADMIN, "name": "admin", "admin": True},
        {"key": TEAM, "name": "team", "user": "alice", "tier": "basic", "budget_usd": {"daily": 1.5}},
    ],
}
CHAT = {"model": "echo", "messages": [{"role": "user", "content": "Hello."}]}


class Client:
    def __init__(self, app: InProcess) -> None:
        self._app = app

    async def ask(self, method: str, path: str, body: Any = None, key: str = ADMIN, query: str = "") -> Answer:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        return await self._app.ask(method, path, {} if body is None else body, headers, query=query)

    async def told(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = await self.ask(method, path, body)
        assert answer.status == status, answer.body
        return answer.json if answer.body else None

    async def make(self, **fields: Any) -> dict[str, Any]:
        record: dict[str, Any] = await self.told("POST", "/v1/keys", fields, 201)
        return record

    async def until(self, ask: Callable[[], Awaitable[dict[str, Any]]], field: str) -> dict[str, Any]:
        """The record as soon as it has the field: the ledger settles beside the requests."""
        async with asyncio.timeout(20):
            while (record := await ask())[field] is None:  # noqa: ASYNC110  # the ledger tells nobody
                await asyncio.sleep(0.05)
        return record

    def refused(self) -> Counter[str]:
        """How many were, by the reason."""
        return Counter(self._app.gateway.metrics.tally.refused)

    async def chat(self, key: str) -> int:
        return (await self.ask("POST", "/v1/chat/completions", CHAT, key)).status


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    async with in_process(tmp_path_factory.mktemp("keys"), CONFIG) as app:
        yield Client(app)


async def test_a_key_is_usable_when_its_reply_comes_and_its_secret_is_told_once(client: Client) -> None:
    fields: dict[str, Any] = {
        "name": "batch",
        "user": "bob",
        "team": "blue",
        "tier": "basic",
        "models": ["ec*"],
        "tags": ["a"],
    }
    fields |= {"limits": ["60/minute"], "budget_usd": {"monthly": 20}, "metadata": {"owner": "Bob"}}
    made = await client.make(**fields, operations=["chat"], expires="2099-01-31")
    secret = made.pop("key")
    assert secret.startswith(made["prefix"])
    assert secret.endswith(made["last_four"])
    assert (len(secret), secret.isascii(), secret[3:].isalnum()) == (3 + 8 + 43, True, True)
    assert {name: made[name] for name in fields} == fields | {"budget_usd": {"monthly": 20.0, "models": {}} | DAILY}
    assert await client.chat(secret) == 200
    for way in ("id", "name", "prefix"):
        assert await client.told("GET", f"/v1/keys/{made[way]}") == made | {"last_used": None}
    listed = await client.ask("GET", "/v1/keys")
    assert secret not in listed.body.decode()
    assert secret not in (await client.ask("GET", "/v1/audit")).body.decode()


DAILY = {"daily": None, "total": None}


async def test_a_key_is_changed_and_null_resets_a_field(client: Client) -> None:
    made = await client.make(name="changing", models=["other"], limits="1/day")
    secret = made.pop("key")
    assert await client.chat(secret) == 403
    changed = await client.told("PATCH", f"/v1/keys/{made['id']}", {"models": ["echo"], "limits": None})
    assert (changed["models"], changed["limits"], changed["name"]) == (["echo"], None, "changing")
    assert await client.chat(secret) == 200
    sent_back = await client.told("GET", f"/v1/keys/{made['id']}") | {"name": "changed"}
    assert (await client.told("PATCH", f"/v1/keys/{made['id']}", sent_back))["name"] == "changed"
    entries = (await client.told("GET", "/v1/audit"))["data"][:3]
    assert [(e["who"], e["action"], e["kind"], e["subject"]) for e in entries] == [
        ("admin", action, "key", made["id"]) for action in ("change", "change", "create")
    ]
    assert [(e["before"] or {}).get("name") for e in entries] == ["changing", "changing", None]
    assert (entries[1]["before"]["models"], entries[1]["after"]["models"]) == (["other"], ["echo"])


async def test_a_rotated_key_has_two_secrets_for_the_overlap(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await client.make()
    rotated = await client.told("POST", f"/v1/keys/{made['id']}/rotate", {"overlap": 100})
    assert (rotated["id"], rotated["previous"]["prefix"]) == (made["id"], made["prefix"])
    assert (await client.told("GET", f"/v1/keys/{made['prefix']}"))["id"] == made["id"]
    assert [await client.chat(secret) for secret in (made["key"], rotated["key"])] == [200, 200]
    again = await client.told("POST", f"/v1/keys/{made['id']}/rotate")
    assert [await client.chat(record["key"]) for record in (made, rotated, again)] == [401, 401, 200]


async def test_a_revoked_key_is_refused_and_stays_listed_and_a_deleted_one_does_not(client: Client) -> None:
    made = await client.make(name="to revoke")
    for _ in range(2):
        revoked = await client.told("POST", f"/v1/keys/{made['id']}/revoke")
        assert (revoked["status"], revoked["revoked"] >= made["created"]) == ("revoked", True)
    assert await client.chat(made["key"]) == 401
    for method, path in (("POST", "/rotate"), ("GET", "/policy"), ("PATCH", "")):
        answer = await client.ask(method, f"/v1/keys/{made['id']}{path}")
        assert (answer.status, answer.json["error"]["code"]) == (409, "conflict")
    await client.told("DELETE", f"/v1/keys/{made['id']}", status=204)
    assert (await client.ask("GET", f"/v1/keys/{made['id']}")).status == 404
    assert (await client.make(name="to revoke"))["id"] != made["id"]
    actions = [e["action"] for e in (await client.told("GET", "/v1/audit"))["data"] if e["subject"] == made["id"]]
    assert actions == ["delete", "revoke", "create"]


async def test_a_key_that_has_expired_is_refused(client: Client) -> None:
    made = await client.make(expires="2098-12-31")
    assert (await client.chat(made["key"]), made["status"]) == (200, "active")
    changed = await client.told("PATCH", f"/v1/keys/{made['id']}", {"expires": "2001-01-01"})
    before = client.refused()
    assert (await client.chat(made["key"]), changed["status"]) == (401, "expired")
    assert client.refused() - before == Counter(expired_key=1), "counted for itself"


async def test_keys_are_listed_by_page_and_filter_with_those_of_the_file(client: Client) -> None:
    for number in range(5):
        await client.make(user="pager", tags=[f"n{number}"])
    seen: list[Any] = []
    query = "user=pager&limit=2"
    while query:
        page = (await client.ask("GET", "/v1/keys", query=query)).json
        seen += page["data"]
        query = f"user=pager&limit=2&cursor={page['next']}" if page["next"] else ""
    assert sorted(row["tags"][0] for row in seen) == [f"n{number}" for number in range(5)]
    of_file = (await client.ask("GET", "/v1/keys", query="tier=basic&limit=1")).json["data"]
    (row,) = of_file
    assert (row["id"], row["source"], row["prefix"], row["budget_usd"]["daily"]) == ("team", "configuration", None, 1.5)
    assert (await client.ask("GET", "/v1/keys", query="limit=1&cursor=x")).status == 400
    assert (await client.ask("GET", "/v1/keys", query="usr=pager")).status == 400


async def test_a_key_of_the_file_is_not_changed_here(client: Client) -> None:
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/revoke")):
        answer = await client.ask(method, f"/v1/keys/team{path}")
        assert (answer.status, "from the configuration" in answer.json["error"]["message"]) == (409, True)


async def test_a_key_reads_itself_and_nobody_else(client: Client) -> None:
    made = await client.make(user="alice", limits="60/minute")
    secret = made.pop("key")
    for way in (made["id"], made["prefix"]):
        answer = await client.ask("GET", f"/v1/keys/{way}", key=secret)
        assert (answer.status, answer.json["id"]) == (200, made["id"])
    policy = (await client.ask("GET", f"/v1/keys/{made['id']}/policy", key=secret)).json
    assert [(gauge["scope"], gauge["most"]) for gauge in policy["gauges"]] == [("key", 60), ("user", 5)]
    for path in ("/v1/keys/admin", "/v1/keys/team/policy", "/v1/keys/nobody"):
        assert (await client.ask("GET", path, key=secret)).status == 404
    for method, path in (("GET", "/v1/keys"), ("POST", "/v1/keys"), ("PATCH", f"/v1/keys/{made['id']}")):
        assert (await client.ask(method, path, key=secret)).status == 403
    for path in ("/v1/users", "/v1/teams/x", "/v1/audit"):
        assert (await client.ask("GET", path, key=secret)).status == 403


async def test_users_and_teams_are_made_changed_and_deleted(client: Client) -> None:
    made = await client.told("POST", "/v1/users", {"id": "carol/x y", "team": "red", "limits": {"chat": "7/hour"}}, 201)
    assert (made["source"], made["limits"], made["team"]) == ("api", {"chat": "7/hour"}, "red")
    await client.told("POST", "/v1/teams", {"id": "red", "budget_usd": 3}, 201)
    key = await client.make(user="carol/x y")
    policy = await client.told("GET", f"/v1/keys/{key['id']}/policy")
    assert [gauge["id"] for gauge in policy["gauges"]] == [
        "limit/user/carol%2Fx%20y/chat/requests/3600", "budget/team/red/total",
    ]  # fmt: skip
    changed = await client.told("PATCH", "/v1/users/carol/x y", {"limits": None, "metadata": {"a": "b"}})
    assert (changed["limits"], changed["team"], changed["metadata"]) == (None, "red", {"a": "b"})
    assert (await client.ask("POST", "/v1/users", {"id": "carol/x y"})).status == 409
    assert [row["id"] for row in (await client.told("GET", "/v1/users"))["data"]] == ["alice", "carol/x y"]
    await client.told("DELETE", "/v1/users/carol/x y", status=204)
    assert (await client.ask("GET", "/v1/users/carol/x y")).status == 404
    assert (await client.told("GET", f"/v1/keys/{key['id']}/policy"))["gauges"] == []
    assert await client.told("POST", "/v1/users", {"id": "carol/x y"}, 201)


async def test_a_name_of_the_file_is_taken(client: Client) -> None:
    assert (await client.ask("POST", "/v1/keys", {"name": "team"})).status == 409
    for method, path, body in (
        ("POST", "/v1/users", {"id": "alice"}),
        ("PATCH", "/v1/users/alice", {}),
        ("DELETE", "/v1/users/alice", None),
    ):
        answer = await client.ask(method, path, body)
        assert (answer.status, "configuration" in answer.json["error"]["message"]) == (409, True)
    await client.make(name="unique")
    assert (await client.ask("POST", "/v1/keys", {"name": "unique"})).status == 409


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "limit": ({"limits": ["10 a minute"]}, "limits.0"),
    "operation": ({"operations": ["chatt"]}, "operations.0"),
    "budget": ({"budget_usd": -1}, "budget_usd"),
    "budget-text": ({"budget_usd": "25"}, "budget_usd"),
    "no-period": ({"budget_usd": {"weekly": 3}}, "budget_usd.weekly"),
    "budget-of-nothing": ({"budget_usd": {"models": {"ekko": 3}}}, "budget_usd.models.ekko"),
    "tier": ({"tier": "premium"}, "tier"),
    "expires": ({"expires": "2027-02-30"}, "expires"),
    "expires-text": ({"expires": "soon"}, "expires"),
    "secret-as-name": ({"name": "tk-0123"}, "name"),
    "id-as-name": ({"name": "key_0123"}, "name"),
    "token-as-name": ({"name": "jwt:eve"}, "name"),
    "nul": ({"name": "a\0b"}, "name"),
    "blank": ({"user": " bob"}, "user"),
    "long-name": ({"name": "x" * 257}, "name"),
    "long-note": ({"metadata": {"a": "x" * 1025}}, "metadata.a"),
    "many-notes": ({"metadata": {f"n{number}": "" for number in range(65)}}, "metadata"),
    "unknown": ({"colour": "red"}, "colour"),
    "digest": ({"digest": "00"}, "digest"),
    "secret-of-ones-own": ({"key": "tk-mine-0123"}, "key"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_body_that_makes_no_sense_is_refused_with_the_path_of_the_field(client: Client, case: str) -> None:
    body, param = REFUSED[case]
    answer = await client.ask("POST", "/v1/keys", body)
    assert (answer.status, answer.json["error"]["param"]) == (400, param), answer.body


@pytest.mark.parametrize("id_", ["", "a\0b", " a", "a//b", "..", "a?b", "x" * 257, 5, None])
async def test_an_id_that_no_address_could_name_is_refused(client: Client, id_: object) -> None:
    answer = await client.ask("POST", "/v1/users", {"id": id_})
    assert (answer.status, answer.json["error"]["param"]) == (400, "id")


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", '"; DROP TABLE keys; --', "%' LIKE '%", "\u202e{}[]", "Robert'); DELETE FROM keys;--"]
)
async def test_sql_in_a_name_is_a_name(client: Client, text: str) -> None:
    if text.isprintable():
        made = await client.make(name=text, user=text, metadata={text: text + "\0"})
        row = await client.told("GET", f"/v1/keys/{made['id']}")
        assert (row["name"], row["user"], row["metadata"]) == (text, text, {text: text + "\0"})
    else:
        assert (await client.ask("POST", "/v1/keys", {"name": text})).status == 400


@pytest.mark.parametrize("rotation", [{"overlap": -1}, {"overlap": 90 * 86_400 + 1}, {"overlap": "x"}, {"lap": 1}])
async def test_an_overlap_is_bounded(client: Client, rotation: dict[str, Any]) -> None:
    made = await client.make()
    assert (await client.ask("POST", f"/v1/keys/{made['id']}/rotate", rotation)).status == 400
    assert await client.chat(made["key"]) == 200


async def test_the_audit_log_is_filtered_and_paged(client: Client) -> None:
    made = await client.make(name="audited")
    await client.told("POST", f"/v1/keys/{made['id']}/revoke")
    rows = (await client.ask("GET", "/v1/audit", query=f"kind=key&subject={made['id']}&limit=1")).json
    assert [row["action"] for row in rows["data"]] == ["revoke"]
    query = f"kind=key&subject={made['id']}&cursor={rows['next']}"
    rest = (await client.ask("GET", "/v1/audit", query=query)).json
    assert ([row["action"] for row in rest["data"]], rest["next"]) == (["create"], None)
    assert (await client.ask("GET", "/v1/audit", query="to=2020-01-01")).json["data"] == []
    assert (await client.ask("GET", "/v1/audit", query="colour=red")).status == 400
    model = {"id": "fast", "provider": "echo", "upstream_model": "x", "name": "Fast", "api_key": "sk-SECRET-of-it"}
    await client.told("POST", "/api/models", model, 201)
    (row,) = (await client.ask("GET", "/v1/audit", query="kind=model")).json["data"]
    assert (row["who"], row["action"], row["subject"], row["after"]["api_key"]) == (
        "admin",
        "create",
        "fast",
        "(a secret)",
    )
    assert "sk-SECRET" not in json.dumps(row)


async def test_nothing_but_the_secret_opens(client: Client) -> None:
    """Not what is shown of a key, and not what the database holds."""
    made = await client.make(name="guessed")
    secret = made["key"]
    digest = sha256(secret.encode()).hexdigest()
    near = (secret[:-1], secret + "0", secret.swapcase(), made["prefix"], made["prefix"] + made["last_four"])
    for guess in (*near, made["id"], made["name"], digest, f"{secret} {secret}", f"{secret},{ADMIN}"):
        assert await client.chat(guess) == 401, guess
    assert await client.chat(secret) == 200


async def test_a_key_can_not_give_itself_more(client: Client) -> None:
    made = await client.make(tier="basic", limits="1/minute")
    own = f"/v1/keys/{made['id']}"
    for method, path in (("PATCH", own), ("POST", f"{own}/rotate"), ("POST", f"{own}/revoke"), ("DELETE", own)):
        answer = await client.ask(method, path, {"admin": True, "limits": None}, made["key"])
        assert (answer.status, answer.json["error"]["code"]) == (403, "forbidden")
    assert (await client.told("GET", own))["admin"] is False


async def test_a_body_is_bounded(client: Client) -> None:
    for method, path in (("POST", "/v1/keys"), ("PATCH", "/v1/keys/team"), ("POST", "/v1/users")):
        answer = await client.ask(method, path, {"name": "x" * 5_000_000})
        assert (answer.status, answer.json["error"]["code"]) == (413, "body_too_large")


async def test_a_key_is_last_used_in_the_hour_that_the_ledger_knows(client: Client) -> None:
    """Nothing is written on a request's way."""
    made = await client.make(name="used")
    assert await client.chat(made["key"]) == 200
    settled = await client.until(lambda: client.told("GET", f"/v1/keys/{made['id']}"), "last_used")
    assert settled["last_used"] % 3600 == 0
    assert settled["last_used"] <= made["created"] + 60
    assert settled["updated"] == made["updated"]
