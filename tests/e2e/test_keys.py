"""Who may ask what, in each SDK's own way to send a key; and no secret is told anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.backends import AIMOCK, KEY_VARIABLES
from tests.e2e.clients import DIALECTS, Client
from tests.e2e.stage import NARROW_KEY, OTHER_KEY, PROVIDER_KEYS, SECRETS, TEAM_KEY, Stage, faulty
from tests.simulator.raw import ask as ask_raw
from tests.support.aimock import case
from turnout.simulator import fingerprint

WRONG_KEY = "tk-wrong-SECRET-90ab3cd1"
WAYS: Mapping[str, tuple[str, str]] = {
    "bearer": ("authorization", "Bearer {}"),
    "anthropic": ("x-api-key", "{}"),
    "azure": ("api-key", "{}"),
    "gemini": ("x-goog-api-key", "{}"),
}
PATHS = ("/v1/chat/completions", "/v1/messages")


async def post(stage: Stage, path: str, key: str | None, way: str = "bearer") -> Any:
    name, form = WAYS[way]
    headers = {"content-type": "application/json"} | ({name: form.format(key)} if key is not None else {})
    body = {"model": "echo", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]}
    return await ask_raw(stage.turnout.url + path, body, headers)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("way", WAYS)
async def test_a_right_key_opens(stage: Stage, path: str, way: str) -> None:
    assert (await post(stage, path, TEAM_KEY, way)).status == 200


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", [WRONG_KEY, "", TEAM_KEY[:-1], TEAM_KEY + "0"], ids=["wrong", "empty", "short", "long"])
@pytest.mark.parametrize("path", PATHS)
async def test_any_other_does_not(stage: Stage, path: str, key: str, way: str) -> None:
    reply = await post(stage, path, key, way)
    assert reply.status == 401
    if path == "/v1/messages":
        assert (reply.json["type"], reply.json["error"]["type"]) == ("error", "authentication_error")
    else:
        assert reply.json["error"]["code"] == "invalid_api_key"
    assert WRONG_KEY not in reply.body.decode()


@pytest.mark.parametrize("path", PATHS)
async def test_no_key_at_all_says_how_to_send_one(stage: Stage, path: str) -> None:
    reply = await post(stage, path, None)
    assert reply.status == 401
    assert "'Authorization: Bearer <key>' or 'x-api-key: <key>'" in reply.json["error"]["message"]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_sdk_raises_its_own_error(stage: Stage, dialect: str, stream: bool) -> None:
    client = Client(dialect, stage.turnout.url, WRONG_KEY)
    with pytest.raises(client.error("AuthenticationError"), match="The API key is not known here"):
        await client.ask("echo", "Hello.", stream=stream)
    with pytest.raises(client.error("AuthenticationError")):
        await client.sdk.models.list()


async def test_the_provider_gets_its_own_key_and_never_the_clients(stage: Stage, client: Client) -> None:
    keys = {variable: fingerprint(key) for variable, key in PROVIDER_KEYS.items()}
    for provider in [name for name in KEY_VARIABLES if name != "azure-v1"]:
        model = faulty(provider, "")
        await client.ask(model, "Hello.")
        (seen,) = await stage.attempts(model)
        assert seen["key"] == keys[KEY_VARIABLES[provider]]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_key_opens_only_the_models_of_its_patterns(stage: Stage, dialect: str, stream: bool) -> None:
    client = Client(dialect, stage.turnout.url, NARROW_KEY)
    prompt = case("text").prompt
    for backend in AIMOCK:
        assert (await client.ask(backend.model, prompt, stream=stream)).text == backend.says("text")
    for model in ("simulator-openai", "openai/sim", "no-such-model"):
        with pytest.raises(client.error("PermissionDeniedError"), match=f"may not use the model '{model}'"):
            await client.ask(model, prompt, stream=stream)


async def test_a_key_reads_its_own_requests_only(stage: Stage, client: Client) -> None:
    request_id = (await client.headers("echo", "Hello."))["x-request-id"]
    assert (await stage.get(f"/v1/requests/{request_id}")).status == 200
    assert (await stage.get(f"/v1/requests/{request_id}", OTHER_KEY)).status == 404
    assert (await stage.get(f"/v1/requests/{request_id}", WRONG_KEY)).status == 401


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/echo", "/v1/requests/req_1"])
async def test_the_control_plane_wants_a_key_too(stage: Stage, path: str) -> None:
    assert (await stage.get(path, WRONG_KEY)).status == 401


async def test_no_secret_is_told(stage: Stage, client: Client) -> None:
    """Whatever goes well or wrong: not in a reply, its headers, a list, /health, /metrics or the log."""
    replies = [(await stage.get(path)).raw for path in ("/health", "/metrics", "/v1/models", "/openapi.json")]
    for provider in [name for name in KEY_VARIABLES if name != "azure-v1"]:
        for script in ("", "status-401", "status-403", "status-400", "reset", "malformed", "error", "cut-event"):
            for stream in (False, True):
                body = client.body(faulty(provider, script), "Hello.") | {"stream": stream}
                reply = await stage.post(client.path, body)
                replies.append(reply.raw)
                replies.append((await stage.get(f"/v1/requests/{reply.headers['x-request-id']}")).raw)
    replies.append((await post(stage, client.path, WRONG_KEY)).raw)
    replies.append(stage.turnout.log().encode())
    for secret in (*SECRETS, WRONG_KEY):
        assert [text for text in replies if secret.encode() in text] == []


async def test_the_log_is_json_with_the_requests_id(stage: Stage, client: Client) -> None:
    model = faulty("openai", "status-418")
    with pytest.raises(client.error("APIStatusError")) as refused:
        await client.ask(model, "Hello.")
    request_id = refused.value.response.headers["x-request-id"]
    lines = [json.loads(line) for line in stage.turnout.log().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == request_id]
    assert (line["event"], line["model"], line["level"]) == ("request failed", model, "warning")
