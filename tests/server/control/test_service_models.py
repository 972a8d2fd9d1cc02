"""``/api/models`` over real sockets: made, listed, changed, deleted, and by whom."""

from __future__ import annotations

import itertools
from typing import Any

import httpx2
import pytest

from tests.support.fresh import fresh_client
from tests.support.turnout_server import StartTurnout, TurnoutServer

ADMIN, TEAM = "tk-admin-SECRET", "tk-team-SECRET"
RECORD = {
    "name": "GPT-4", "provider": "openai", "type": "chat", "max_tokens": 8192, "cost_per_1k_input": 0.03,
    "cost_per_1k_output": 0.06, "capabilities": ["text-generation", "code-generation"],
}  # fmt: skip
"""The model service's own example."""
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def open_server(start_shared_turnout: StartTurnout) -> TurnoutServer:
    """Loopback, no keys."""
    small = {"provider": "echo", "model": "echo", "traits": {"context": 4096}}
    two_places = {"deployments": ["openai/gpt-4o", small]}
    config = {"models": {"configured": "echo/echo", "two-places": two_places}, "aliases": {"other": "configured"}}
    return start_shared_turnout(
        config, env={"OPENAI_API_KEY": "sk-env-SECRET", "OPENAI_BASE_URL": "http://127.0.0.1:9"}
    )


@pytest.fixture(scope="session")
def guarded(start_shared_turnout: StartTurnout) -> TurnoutServer:
    keys = [{"key": ADMIN, "admin": True}, {"key": TEAM, "models": ["team/*"]}]
    return start_shared_turnout({"keys": keys, "models": {"configured": "echo/echo"}})


@pytest.fixture
def new_id() -> str:
    return f"team/m{next(_numbers)}"


async def ask(
    server: TurnoutServer, method: str, path: str, body: Any = None, key: str | None = None, **headers: str
) -> httpx2.Response:
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    return await fresh_client().request(method, f"{server.url}{path}", json=body, headers=headers)


async def make(server: TurnoutServer, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    reply = await ask(server, "POST", "/api/models", body, key)
    assert reply.status_code == 201, reply.content
    record: dict[str, Any] = reply.json()
    return record


async def listed(server: TurnoutServer, query: str = "", key: str | None = None) -> dict[str, Any]:
    reply = await ask(server, "GET", f"/api/models?{query}", key=key)
    assert reply.status_code == 200, reply.content
    body: dict[str, Any] = reply.json()
    return body


def names(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


async def test_the_record_that_is_made_is_the_record_that_is_told(open_server: TurnoutServer, new_id: str) -> None:
    record = await make(open_server, RECORD | {"id": new_id, "upstream_model": "gpt-4"})
    assert record.items() >= (RECORD | {"id": new_id, "status": "active", "source": "api"}).items()
    assert record["lifecycle"].keys() == {"status", "shutdown_date", "replacement"}
    assert record["price"] == {"input": "30", "output": "60", "cached_input": None, "cache_write": None}
    assert (await ask(open_server, "GET", f"/api/models/{new_id}")).json() == record
    assert (await ask(open_server, "GET", f"/api/models/{new_id.replace('/', '%2F')}")).json() == record
    assert record in (await listed(open_server, "page_size=1000"))["items"]


@pytest.mark.parametrize("path", ["/v1/llm/models", "/api/v1/models"])
async def test_the_model_service_lists_its_own_record(open_server: TurnoutServer, new_id: str, path: str) -> None:
    await make(open_server, RECORD | {"id": new_id})
    await make(open_server, {"id": f"{new_id}-off", "provider": "echo", "status": "inactive"})
    records = {record["id"]: record for record in (await ask(open_server, "GET", path)).json()}
    assert records[new_id] == RECORD | {"id": new_id}
    assert records["configured"] == {
        "id": "configured", "name": "configured", "provider": "echo", "type": "chat", "max_tokens": None,
        "cost_per_1k_input": 0, "cost_per_1k_output": 0, "capabilities": ["text-generation"],
    }  # fmt: skip
    assert {"echo", "other"} <= records.keys()
    assert f"{new_id}-off" not in records


@pytest.mark.parametrize("path", ["/v1/llm/models", "/api/v1/models"])
async def test_a_listed_model_has_what_all_its_deployments_have(open_server: TurnoutServer, path: str) -> None:
    record = next(record for record in (await ask(open_server, "GET", path)).json() if record["id"] == "two-places")
    assert (record["max_tokens"], record["capabilities"]) == (4096, ["text-generation"])


async def test_little_has_to_be_said(open_server: TurnoutServer) -> None:
    record = await make(open_server, {"name": "just-a-name", "provider": "Echo"})
    assert (record["id"], record["name"], record["upstream_model"]) == ("just-a-name",) * 3
    assert (record["provider"], record["type"], record["status"]) == ("echo", "chat", "active")


class TestList:
    async def test_pages(self, open_server: TurnoutServer) -> None:
        for number in range(5):
            await make(open_server, {"id": f"paged-{number}", "provider": "echo"})
        first = await listed(open_server, "search=PAGED-&page_size=2")
        last = await listed(open_server, "search=paged-&page_size=2&page=3")
        beyond = await listed(open_server, "search=paged-&page_size=2&page=4")
        assert [len(page["items"]) for page in (first, last, beyond)] == [2, 1, 0]
        assert {key: first[key] for key in ("total", "page", "page_size", "pages")} == {
            "total": 5, "page": 1, "page_size": 2, "pages": 3,
        }  # fmt: skip
        assert set(names(first)).isdisjoint(names(last))

    @pytest.mark.parametrize("query", ["page=0", "page_size=0", "page_size=1001", "page=x", "status=gone"])
    async def test_an_invalid_query_is_refused_by_name(self, open_server: TurnoutServer, query: str) -> None:
        reply = await ask(open_server, "GET", f"/api/models?{query}")
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, query.partition("=")[0])

    async def test_filters_hold_together(self, open_server: TurnoutServer) -> None:
        common = {"upstream_model": "filtered"}
        await make(open_server, common | {"id": "f-echo", "provider": "echo", "capabilities": ["vision"]})
        await make(open_server, common | {"id": "f-off", "provider": "echo", "status": "inactive"})
        await make(open_server, common | {"id": "f-azure", "provider": "azure", "base_url": "http://h", "name": "Blue"})
        assert set(names(await listed(open_server, "search=filtered"))) == {"f-echo", "f-off", "f-azure"}
        assert names(await listed(open_server, "search=filtered&provider=AOAI")) == ["f-azure"]
        assert names(await listed(open_server, "search=filtered&capability=vision")) == ["f-echo"]
        assert names(await listed(open_server, "search=filtered&status=inactive")) == ["f-off"]
        assert names(await listed(open_server, "search=filtered&status=active&provider=echo")) == ["f-echo"]
        assert names(await listed(open_server, "search=blue")) == ["f-azure"]
        assert names(await listed(open_server, "provider=nobody")) == []

    async def test_each_model_has_its_source(self, open_server: TurnoutServer, new_id: str) -> None:
        await make(open_server, {"id": new_id, "provider": "echo"})
        records = {item["id"]: item["source"] for item in (await listed(open_server, "page_size=1000"))["items"]}
        assert records.items() >= {
            new_id: "api", "configured": "configuration", "other": "configuration", "echo": "built in",
        }.items()  # fmt: skip


class TestChange:
    async def test_fields_that_are_not_sent_stay(self, open_server: TurnoutServer, new_id: str) -> None:
        record = await make(open_server, RECORD | {"id": new_id, "timeouts": {"connect": 3}})
        reply = await ask(open_server, "PUT", f"/api/models/{new_id}", {"max_tokens": 4096, "cost_per_1k_input": 0.01})
        assert reply.status_code == 200
        changed = reply.json()
        assert changed.pop("updated") >= record.pop("updated")
        price = record["price"] | {"input": "10"}
        assert changed == record | {"max_tokens": 4096, "cost_per_1k_input": 0.01, "price": price}

    async def test_null_takes_a_value_back(self, open_server: TurnoutServer, new_id: str) -> None:
        await make(open_server, RECORD | {"id": new_id, "upstream_model": "gpt-4o", "timeouts": {"connect": 3}})
        nothing = dict.fromkeys(
            ("name", "upstream_model", "type", "status", "capabilities", "max_tokens", "price", "timeouts")
        )
        changed = (await ask(open_server, "PUT", f"/api/models/{new_id}", nothing)).json()
        assert (changed["name"], changed["upstream_model"], changed["price"]) == (new_id, new_id, None)
        assert changed["capabilities"] == ["text-generation"]
        assert changed["timeouts"]["connect"] is None

    async def test_a_record_may_be_sent_back_as_it_was_told(self, open_server: TurnoutServer, new_id: str) -> None:
        record = await make(open_server, RECORD | {"id": new_id, "api_key": "sk-own-SECRET"})
        reply = await ask(open_server, "PUT", f"/api/models/{new_id}", record | {"name": "New"})
        assert reply.status_code == 200, reply.content
        assert reply.json() | {"updated": 0} == record | {"name": "New", "updated": 0}

    async def test_inactive_is_not_served_until_it_is_active_again(
        self, open_server: TurnoutServer, new_id: str
    ) -> None:
        await make(open_server, {"id": new_id, "provider": "echo"})
        chat = {"model": new_id, "messages": [{"role": "user", "content": "hi"}]}
        for status, expected in (("inactive", 404), ("active", 200)):
            await ask(open_server, "PUT", f"/api/models/{new_id}", {"status": status})
            assert (await ask(open_server, "POST", "/v1/chat/completions", chat)).status_code == expected
            assert (await ask(open_server, "GET", f"/api/models/{new_id}")).json()["status"] == status

    async def test_deleted_is_gone(self, open_server: TurnoutServer, new_id: str) -> None:
        await make(open_server, {"id": new_id, "provider": "echo"})
        reply = await ask(open_server, "DELETE", f"/api/models/{new_id}")
        assert (reply.status_code, reply.content) == (204, b"")
        for method in ("GET", "PUT", "DELETE"):
            reply = await ask(open_server, method, f"/api/models/{new_id}", {} if method == "PUT" else None)
            assert (reply.status_code, reply.json()["error"]["code"]) == (404, "model_not_found")

    @pytest.mark.parametrize("name", ["configured", "other", "echo"])
    async def test_a_model_that_the_api_did_not_make_is_read_only(self, open_server: TurnoutServer, name: str) -> None:
        for method, body in (("PUT", {"status": "inactive"}), ("DELETE", None)):
            reply = await ask(open_server, method, f"/api/models/{name}", body)
            assert (reply.status_code, reply.json()["error"]["code"]) == (409, "conflict")


BASE: dict[str, Any] = {"id": "never-made", "provider": "echo"}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"id": "never-made"}, "provider"),
        ({"provider": "echo"}, "id"),
        (BASE | {"provider": "nobody"}, "provider"),
        (BASE | {"provider": "azure"}, "base_url"),
        (BASE | {"id": "with space"}, "id"),
        (BASE | {"id": "a//b"}, "id"),
        (BASE | {"id": "../etc"}, "id"),
        (BASE | {"id": "x" * 257}, "id"),
        (BASE | {"id": "chat"}, "id"),
        (BASE | {"id": "embedding"}, "id"),
        ({"name": "with space", "provider": "echo"}, "id"),
        (BASE | {"type": "poem"}, "type"),
        (BASE | {"status": "gone"}, "status"),
        (BASE | {"max_tokens": 0}, "max_tokens"),
        (BASE | {"max_tokens": "many"}, "max_tokens"),
        (BASE | {"cost_per_1k_input": 0.1}, "cost_per_1k_output"),
        (BASE | {"cost_per_1k_input": -1, "cost_per_1k_output": 1}, "cost_per_1k_input"),
        (BASE | {"cost_per_1k_input": 1, "cost_per_1k_output": 1, "price": {"input": 1, "output": 1}}, "price"),
        (BASE | {"price": {"input": 1}}, "price.output"),
        (BASE | {"capabilities": ["one two"]}, "capabilities.0"),
        (BASE | {"base_url": "ftp://h"}, "base_url"),
        (BASE | {"base_url": "http://user:pw-SECRET@h"}, "base_url"),
        (BASE | {"api_key_env": "UNSET_KEY"}, "api_key_env"),
        (BASE | {"api_key_env": "HOME"}, "api_key_env"),
        (BASE | {"api_key": "sk-SECRET", "api_key_env": "OPENAI_API_KEY"}, "api_key"),
        (BASE | {"timeouts": {"conect": 1}}, "timeouts.conect"),
        (BASE | {"max_token": 5}, "max_token"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_mistake_is_named_by_its_field(open_server: TurnoutServer, body: dict[str, Any], param: str) -> None:
    reply = await ask(open_server, "POST", "/api/models", body)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param), reply.content
    assert "SECRET" not in reply.content.decode()
    assert (await ask(open_server, "GET", "/api/models/never-made")).status_code == 404


async def test_a_name_of_the_file_is_a_conflict_that_names_both(open_server: TurnoutServer) -> None:
    for name, place in (("configured", "models.configured"), ("other", "aliases.other")):
        reply = await ask(open_server, "POST", "/api/models", {"id": name, "provider": "echo"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (409, "conflict")
        assert f"'{name}' is taken by the configuration: {open_server.config_path}:" in reply.json()["error"]["message"]
        assert place in reply.json()["error"]["message"]


async def test_a_key_is_never_given_back(open_server: TurnoutServer, new_id: str) -> None:
    record = await make(open_server, {"id": new_id, "provider": "openai", "api_key": "sk-own-SECRET"})
    other = await make(open_server, {"id": f"{new_id}-env", "provider": "openai", "api_key_env": "OPENAI_API_KEY"})
    assert (record["has_api_key"], other["has_api_key"], other["api_key_env"]) == (True, True, "OPENAI_API_KEY")
    texts = [
        (await ask(open_server, "GET", path)).content.decode()
        for path in ("/api/models?page_size=1000", f"/api/models/{new_id}", "/v1/llm/models", "/v1/models", "/health")
    ]
    assert "SECRET" not in "".join(texts)
    assert "SECRET" not in open_server.log()


class TestWhoMayWrite:
    @pytest.mark.parametrize(
        ("key", "status"), [(None, 401), ("tk-wrong", 401), (TEAM, 403)], ids=["nobody", "a-wrong-key", "another-key"]
    )
    async def test_no_one_else_may(self, guarded: TurnoutServer, key: str | None, status: int) -> None:
        for method, path in (("POST", ""), ("PUT", "/configured"), ("DELETE", "/configured")):
            body = None if method == "DELETE" else {"nonsense": 1}  # who may not write learns nothing about it
            assert (await ask(guarded, method, f"/api/models{path}", body, key)).status_code == status

    async def test_an_admin_key_may(self, guarded: TurnoutServer, new_id: str) -> None:
        await make(guarded, {"id": new_id, "provider": "echo"}, ADMIN)
        assert (await ask(guarded, "PUT", f"/api/models/{new_id}", {"max_tokens": 5}, ADMIN)).status_code == 200
        assert (await ask(guarded, "DELETE", f"/api/models/{new_id}", key=ADMIN)).status_code == 204

    async def test_another_key_reads_what_it_may_ask_for_and_not_how_it_is_reached(
        self, guarded: TurnoutServer, new_id: str
    ) -> None:
        body = {"provider": "vllm", "base_url": "http://inside.test:8000/v1"}
        record = await make(guarded, body | {"id": new_id}, ADMIN)
        await make(guarded, body | {"id": f"private-{next(_numbers)}"}, ADMIN)
        page = await listed(guarded, key=TEAM)
        assert {name.partition("/")[0] for name in names(page)} == {"team"}
        one = (await ask(guarded, "GET", f"/api/models/{new_id}", key=TEAM)).json()
        assert one == record | {"base_url": None, "api_key_env": None, "timeouts": None}
        assert (await ask(guarded, "GET", "/api/models/configured", key=TEAM)).status_code == 404
        assert (await ask(guarded, "GET", "/api/models")).status_code == 401
        assert (await ask(guarded, "GET", "/api/models/configured")).status_code == 401

    @pytest.mark.parametrize(
        "headers",
        [{"origin": "http://evil.test"}, {"origin": "null"}, {"host": "evil.test:80"}, {"origin": "http://["},
         {"host": "["}],
        ids=["a-page-from-elsewhere", "a-page-from-a-file", "a-name-that-was-led-here", "no-origin", "no-host"],
    )  # fmt: skip
    async def test_a_browser_that_was_misled_may_not(self, open_server: TurnoutServer, headers: dict[str, str]) -> None:
        reply = await ask(open_server, "POST", "/api/models", BASE, **headers)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "foreign_page")

    @pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
    async def test_a_page_of_this_very_server_may(self, open_server: TurnoutServer, name: str) -> None:
        host = f"{name}:{open_server.port}"
        reply = await ask(open_server, "DELETE", "/api/models/nothing", host=host, origin=f"http://{host}")
        assert reply.status_code == 404

    async def test_the_variable_makes_an_admin_key_and_asks_nobody_else_for_one(
        self, start_turnout: StartTurnout, new_id: str
    ) -> None:
        server = start_turnout({}, env={"TURNOUT_ADMIN_KEY": ADMIN})
        chat = {"model": "echo", "messages": [{"role": "user", "content": "hi"}]}
        assert (await ask(server, "POST", "/v1/chat/completions", chat)).status_code == 200
        assert (await ask(server, "POST", "/api/models", BASE)).status_code == 401
        await make(server, {"id": new_id, "provider": "echo"}, ADMIN)

    async def test_no_keys_at_all_and_not_on_loopback_is_nobody(self, start_turnout: StartTurnout) -> None:
        server = start_turnout({"auth": {"required": False}}, args=("--host", "0.0.0.0"))  # noqa: S104  # what is shown here
        assert (await ask(server, "POST", "/api/models", BASE)).status_code == 401


async def test_the_documentation_describes_the_routes(open_server: TurnoutServer) -> None:
    document = (await ask(open_server, "GET", "/openapi.json")).json()
    assert set(document["paths"]["/api/models"]) == {"get", "post"}
    assert set(document["paths"]["/api/models/{model_id}"]) == {"get", "put", "delete"}
    for path in ("/v1/llm/models", "/api/v1/models"):
        assert set(document["paths"][path]) == {"get"}
    draft = document["components"]["schemas"]["ModelDraft"]
    assert (draft["required"], draft["additionalProperties"]) == (["provider"], False)
