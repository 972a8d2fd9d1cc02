"""Models made through the API: what they become, and what they may not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.catalog.support import make_catalog
from turnout.catalog.api_models import ApiModel, api_model_of, row_of
from turnout.config import PriceSettings, TimeoutSettings
from turnout.core import Deployment, Price, Secret
from turnout.errors import InvalidRequest
from turnout.storage import Vault

VARIABLES = {
    "OPENAI_API_KEY": "sk-env",
    "TEAM_KEY": "sk-team",
    "JWT_SECRET": "s3" * 16,
    "TURNOUT_ADMIN_KEY": "the-boss",
    "TURNOUT_SECRET_KEY": "5e" * 32,
}
ELSEWHERE = "http://elsewhere.test/v1"


def api_model(**changes: Any) -> ApiModel:
    fields: dict[str, Any] = {"id": "fast", "name": "Fast", "provider": "openai", "upstream_model": "gpt-4o-mini"}
    return ApiModel(**(fields | changes))


def deployment_of(folder: Path, text: str | None = None, **changes: Any) -> Deployment:
    model = make_catalog(folder, text, variables=VARIABLES).model_of(api_model(**changes))
    assert model is not None
    (deployment,) = model.deployments
    return deployment


def test_what_is_stored_comes_back_with_its_key(tmp_path: Path) -> None:
    full = api_model(
        api_key=Secret("sk-1"), timeouts=TimeoutSettings(connect=3), price=PriceSettings(input=1, output=2.5),
        capabilities=("vision",), status="inactive", max_tokens=7, created=1, updated=2,
    )  # fmt: skip
    vault = Vault(tmp_path)
    assert api_model_of(row_of(full, vault), vault) == full


def test_what_an_older_version_stored_is_read(tmp_path: Path) -> None:
    definition = b'{"id":"a","name":"a","provider":"echo","upstream_model":"a"}'
    vault = Vault(tmp_path)
    row = msgspec.structs.replace(row_of(api_model(), vault), definition=definition.decode())
    assert api_model_of(row, vault) == ApiModel(id="a", name="a", provider="echo", upstream_model="a")


def test_its_key_is_in_no_repr() -> None:
    assert "sk-1" not in repr(api_model(api_key=Secret("sk-1")))


def test_it_becomes_a_deployment_with_what_was_said(tmp_path: Path) -> None:
    deployment = deployment_of(
        tmp_path, timeouts=TimeoutSettings(first_token=7), max_tokens=8192, price=PriceSettings(input=30, output=60)
    )
    assert (deployment.provider, deployment.model, deployment.base_url) == (
        "openai",
        "gpt-4o-mini",
        "https://openai.test/v1",
    )
    assert (deployment.timeouts.first_token, deployment.timeouts.connect, deployment.traits.context) == (7, 5, 8192)
    assert deployment.price == Price(input=30_000_000, output=60_000_000, version="api")


FILE = "providers: {openai: {headers: {x-secret: s}}}"


@pytest.mark.parametrize(
    ("changes", "key", "headers"),
    [
        pytest.param({}, "sk-env", {"x-secret": "s"}, id="the-provider's-own-address"),
        pytest.param({"base_url": "https://openai.test/v1/"}, "sk-env", {"x-secret": "s"}, id="the-same-address-said"),
        pytest.param({"base_url": ELSEWHERE}, None, {}, id="another-address"),
        pytest.param({"base_url": ELSEWHERE, "api_key_env": "TEAM_KEY"}, "sk-team", {}, id="another-address-and-key"),
        pytest.param({"base_url": ELSEWHERE, "api_key": Secret("sk-own")}, "sk-own", {}, id="a-key-of-its-own"),
        pytest.param({"api_key_env": "TEAM_KEY"}, "sk-team", {"x-secret": "s"}, id="another-key"),
        pytest.param({"api_key_env": "GONE_KEY"}, None, {"x-secret": "s"}, id="a-variable-that-is-gone"),
    ],
)
def test_a_key_goes_to_the_address_it_belongs_to(
    tmp_path: Path, changes: dict[str, Any], key: str | None, headers: dict[str, str]
) -> None:
    deployment = deployment_of(tmp_path, FILE, **changes)
    assert (deployment.api_key.reveal() if deployment.api_key else None, deployment.headers) == (key, headers)


def test_a_missing_key_is_named_by_its_variable(tmp_path: Path) -> None:
    assert deployment_of(tmp_path, api_key_env="GONE_KEY").key_source == "GONE_KEY"


@pytest.mark.parametrize(
    ("changes", "param", "message"),
    [
        pytest.param({"provider": "opnai"}, "provider", "did you mean 'openai'", id="provider"),
        pytest.param({"provider": "azure"}, "base_url", "'base_url' is missing", id="no-address"),
        pytest.param({"api_key_env": "MISSING_KEY"}, "api_key_env", "MISSING_KEY is not set", id="unset"),
        pytest.param({"api_key_env": "JWT_SECRET"}, "api_key_env", "_KEY or _TOKEN", id="another-secret"),
        pytest.param({"api_key_env": "TURNOUT_ADMIN_KEY"}, "api_key_env", "_KEY or _TOKEN", id="the-admin-key"),
        pytest.param({"api_key_env": "TURNOUT_SECRET_KEY"}, "api_key_env", "_KEY or _TOKEN", id="the-secret-key"),
        pytest.param({"api_key_env": "TEAM_KEY", "api_key": Secret("sk-1")}, "api_key", "not both", id="both"),
    ],
)
def test_what_can_not_be_served_is_refused_by_field(
    tmp_path: Path, changes: dict[str, Any], param: str, message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message) as fields:
        make_catalog(tmp_path, variables=VARIABLES).checked(api_model(**changes))
    assert fields.value.param == param


def test_its_provider_gets_its_own_name(tmp_path: Path) -> None:
    deployment = make_catalog(tmp_path).checked(api_model(provider="AOAI", base_url=ELSEWHERE))
    assert deployment.provider == "azure"
