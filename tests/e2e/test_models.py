"""Which models there are, asked with both SDKs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.backends import ECHO, EVERY, Backend
from tests.e2e.clients import Client
from tests.e2e.stage import NARROW_KEY, Stage


async def listed(client: Client) -> dict[str, Any]:
    return {model.id: model async for model in client.sdk.models.list()}


async def test_every_model_is_listed(client: Client) -> None:
    assert {backend.model for backend in EVERY} <= (await listed(client)).keys()


@pytest.mark.parametrize("backend", EVERY)
async def test_a_model_is_told_as_in_the_list(client: Client, backend: Backend) -> None:
    model = await client.sdk.models.retrieve(backend.model)
    assert model == (await listed(client))[backend.model]
    if client.dialect == "openai":
        assert (model.object, model.owned_by) == ("model", backend.provider_name)
    else:
        assert (model.type, model.display_name) == ("model", backend.model)
        assert model.created_at.year > 2000


async def test_a_model_may_have_a_slash_in_its_name(client: Client) -> None:
    assert (await client.sdk.models.retrieve("openai/sim")).id == "openai/sim"


async def test_a_key_sees_its_own_models_only(stage: Stage, client: Client) -> None:
    narrow = Client(client.dialect, stage.turnout.url, NARROW_KEY)
    assert {name.partition("-")[0] for name in await listed(narrow)} == {"aimock", ECHO.model}
    with pytest.raises(client.error("NotFoundError")):
        await narrow.sdk.models.retrieve("simulator-openai")


async def test_a_model_that_is_not_there_has_close_names(client: Client) -> None:
    with pytest.raises(client.error("NotFoundError"), match="Did you mean aimock-ollama"):
        await client.sdk.models.retrieve("aimock-olama")
