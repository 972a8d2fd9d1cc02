"""What a client is told when a provider refuses, can't be reached, or the request itself is at fault."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.backends import AIMOCK, KEY_VARIABLES, WIRES, Backend
from tests.e2e.clients import EVERY_DIALECT, Client, every_like_client
from tests.e2e.stage import SECRETS, Stage, faulty

CLIENTS = EVERY_DIALECT
DIRECT = [provider for provider in KEY_VARIABLES if provider != "azure-v1"]
EXCEPTIONS = {
    400: ("BadRequestError", "BadRequestError"),
    401: ("AuthenticationError", "AuthenticationError"),
    403: ("PermissionDeniedError", "PermissionDeniedError"),
    404: ("NotFoundError", "NotFoundError"),
    422: ("UnprocessableEntityError", "UnprocessableEntityError"),
    429: ("RateLimitError", "RateLimitError"),
    500: ("InternalServerError", "InternalServerError"),
    503: ("InternalServerError", "ServiceUnavailableError"),
    529: ("InternalServerError", "OverloadedError"),
}
"""By status: the class of OpenAI's SDK and that of Anthropic's."""


def exception(client: Client, status: int) -> type[Any]:
    if client.dialect in ("gemini", "ollama"):
        return client.error("")
    for_openai, for_anthropic = EXCEPTIONS[status]
    return client.error(for_openai if client.dialect == "openai" else for_anthropic)


def told_fields(client: Client, error: Any) -> dict[str, Any]:
    """The error object, where the dialect puts it."""
    if client.dialect == "ollama":
        return {"message": error.error}
    if client.dialect == "gemini":
        told: dict[str, Any] = error.details["error"]
        reasons = [detail["reason"].lower() for detail in told["details"] if "reason" in detail]
        return told | {"code": reasons[0]}
    body: dict[str, Any] = error.body
    if client.dialect == "openai":
        return body
    assert body["type"] == "error"
    assert body["request_id"] == error.response.headers["x-request-id"]
    fields: dict[str, Any] = body["error"] | ({"turnout": body["turnout"]} if "turnout" in body else {})
    return fields


def is_its_own_wire(client: Client, provider: str) -> bool:
    """Whether the client gets this provider's error object as it came."""
    return client.dialect == (provider if provider in ("anthropic", "gemini", "ollama") else "openai")


def advice_in(client: Client, fields: dict[str, Any]) -> str:
    """What to do, beside the provider's words or at the end of Turnout's."""
    beside = [detail["metadata"] for detail in fields.get("details", ()) if "metadata" in detail]
    beside += [fields["turnout"]] if "turnout" in fields else []
    found: str = next((turnout["advice"] for turnout in beside if "advice" in turnout), fields["message"])
    return found


@pytest.mark.parametrize(
    ("provider", "stream"),
    [*((provider, False) for provider in DIRECT), *((provider, True) for provider in WIRES)],
    ids=[*(f"{provider}-unary" for provider in DIRECT), *(f"{provider}-stream" for provider in WIRES)],
)
@pytest.mark.parametrize("status", EXCEPTIONS)
async def test_a_refusal_has_its_exception(client: Client, provider: str, status: int, stream: bool) -> None:
    """The same status, the provider's own words and who said them."""
    with pytest.raises(exception(client, status)) as refused:
        await client.ask(faulty(provider, f"status-{status}"), "Hello.", stream=stream)
    error: Any = refused.value
    assert status in (getattr(error, "status_code", None), getattr(error, "code", None))
    message = told_fields(client, error)["message"]
    said = f"The simulator was told to answer {status}."
    assert message.startswith(said if is_its_own_wire(client, provider) else f"{provider} answered {status}: {said}")
    assert not [secret for secret in SECRETS if secret in f"{error} {vars(error)}"]


@pytest.mark.parametrize("provider", DIRECT)
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_names_its_variable(client: Client, provider: str, status: int) -> None:
    with pytest.raises(exception(client, status)) as refused:
        await client.ask(faulty(provider, f"status-{status}"), "Hello.")
    fields = told_fields(client, refused.value)
    assert advice_in(client, fields).endswith(f"Check the key in {KEY_VARIABLES[provider]}.")
    if not is_its_own_wire(client, provider):
        assert fields.get("code", "upstream_unauthenticated") == "upstream_unauthenticated"


@pytest.mark.parametrize("provider", DIRECT)
async def test_a_model_the_provider_lacks_says_what_to_check(client: Client, provider: str) -> None:
    model = faulty(provider, "status-404")
    with pytest.raises(client.error("NotFoundError")) as refused:
        await client.ask(model, "Hello.")
    upstream_model = model.partition("/")[2]
    cure = f"Get the model with `ollama pull {upstream_model}`."
    if provider != "ollama":
        cure = f"Check the model's name '{upstream_model}'"
    assert cure in advice_in(client, told_fields(client, refused.value))


@pytest.mark.parametrize("backend", AIMOCK)
@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
async def test_aimocks_refusals_have_their_exception(
    client: Client, backend: Backend, status: int, stream: bool
) -> None:
    with pytest.raises(exception(client, status)) as refused:
        await client.ask(backend.model, f"Fail with {status}.", stream=stream)
    message = told_fields(client, refused.value)["message"]
    assert message
    told_by = f"{backend.provider_name} answered {status}: "
    assert is_its_own_wire(client, backend.provider_name) or told_by in message


async def test_an_unknown_model_is_refused_with_close_names(client: Client, stream: bool) -> None:
    with pytest.raises(client.error("NotFoundError"), match="Did you mean aimock-gemini") as refused:
        await client.ask("aimock-gemmini", "Hello.", stream=stream)
    assert told_fields(client, refused.value).get("code", "model_not_found") == "model_not_found"


@every_like_client
async def test_a_wrong_field_is_named(client: Client, stream: bool) -> None:
    with pytest.raises(client.error("BadRequestError"), match="temperature") as refused:
        await client.ask("simulator-gemini", "Hello.", stream=stream, sent={"extra_body": {"temperature": "hot"}})
    assert told_fields(client, refused.value)["param"] == "temperature"


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("way", ["refusal", "event", "garbage"])
async def test_a_provider_that_quotes_its_key_is_not_quoted(
    stage: Stage, client: Client, provider: str, way: str
) -> None:
    """Whether in the words of a refusal, in an error inside a stream, or in bytes that can't be read."""
    quoted = way != "garbage"  # what can't be read isn't quoted at all
    reply = await stage.post(*client.plain(f"key-quoting-{provider}", way, stream=way == "event"))
    assert ("***" in reply.body.decode()) == quoted
    assert not [secret for secret in SECRETS if secret in reply.body.decode()]
    story = await stage.story(reply.headers["x-request-id"])
    assert ("***" in story["attempts"][0]["error"]) == quoted
    assert not [secret for secret in SECRETS if secret in str(story)]
