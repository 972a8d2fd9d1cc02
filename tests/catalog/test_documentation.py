"""docs/configuration.md lists every key with its default, and its examples work; so does the published schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml
from msgspec import NODEFAULT, UNSET

from tests.catalog.schema_check import misfits
from tests.catalog.support import POLICIES
from turnout import routing
from turnout.catalog import Catalog
from turnout.config import CommandLine, JwtSettings, PriceSettings, json_schema, settings
from turnout.config.allowance_settings import AllowanceSettings, UserSettings
from turnout.config.token_settings import ClaimSettings
from turnout.providers import registry

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
ROW = re.compile(r"^\| `([^`]+)` \| (?:`([^`]*)`|(—)) \|", re.MULTILINE)
VARIABLES = {"TEAM_OPENAI_KEY": "k", "TEAM_KEY": "tk-team-0123456789", "AZURE_OPENAI_API_KEY": "a"} | {
    "PROXY_USER": "u",
    "PROXY_PASSWORD": "p",
}
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "": settings.Settings,
    "server.": settings.ServerSettings,
    "auth.": settings.AuthSettings,
    "auth.jwt.": JwtSettings,
    "auth.jwt.claims.": ClaimSettings,
    "log.": settings.LogSettings,
    "limits.": settings.LimitSettings,
    "media.": settings.MediaSettings,
    "health.": settings.HealthSettings,
    "ledger.": settings.LedgerSettings,
    "prices.": settings.BookSettings,
    "timeouts.": settings.TimeoutSettings,
    "retries.": settings.RetrySettings,
    "providers.*.": settings.ProviderSettings,
    "models.*.": settings.ModelSettings,
    "models.*.weights.": settings.WeightSettings,
    "deployments[].": settings.DeploymentSettings,
    "price.": PriceSettings,
    "traits.": settings.TraitSettings,
    "traits.images.": settings.ImageSettings,
    "agents.*.": settings.AgentSettings,
    "tiers.*.": AllowanceSettings,
    "users.*.": UserSettings,
    "keys[].": settings.KeySettings,
    "store_down.": settings.StoreDownSettings,
    "cache.": settings.CacheSettings,
    "cache.exact.": settings.ExactCacheSettings,
}
OWN_TABLES = frozenset(
    {"server.", "store_down.", "limits.", "auth.", "log.", "media.", "health.", "ledger.", "prices.", "cache."}
    | {"models.*.weights.", "auth.jwt.claims."}
)


def keys_in_code() -> Iterator[tuple[str, str]]:
    for prefix, form in SECTIONS.items():
        for field in msgspec.structs.fields(form):
            if prefix == "users.*." and field.name in AllowanceSettings.__struct_fields__:
                continue  # the page lists them once, for tiers
            if f"{prefix}{field.encode_name}." not in OWN_TABLES:
                yield prefix + field.encode_name, default(field)


def default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default if field.default_factory is NODEFAULT else field.default_factory()
    if value is NODEFAULT:
        return "—"
    if value is UNSET:
        return "unset"
    return value if value and isinstance(value, str) else json.dumps(msgspec.to_builtins(value))


def test_every_key_is_documented_with_its_default() -> None:
    documented = [(key, value or dash) for key, value, dash in ROW.findall(TEXT)]
    assert sorted(documented) == sorted(keys_in_code())


@pytest.mark.parametrize("text", EXAMPLES, ids=["file", "connections", "prices", "aliases", "agents"])
class TestExamples:
    def test_it_is_a_configuration(self, tmp_path: Path, text: str) -> None:
        """With the real providers and policies, and with nothing left to complain of but what is to be discovered."""
        (tmp_path / "turnout.yaml").write_text(text)
        catalog = Catalog(CommandLine(config=tmp_path / "turnout.yaml", data_dir=str(tmp_path)), variables=VARIABLES)
        assert catalog.state().problems == ()

    def test_it_fits_the_schema(self, text: str) -> None:
        assert list(misfits(yaml.safe_load(text), json_schema(routing.registry()))) == []


def test_the_example_of_mistakes_is_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of the documentation's example comes out of a file with that mistake."""
    monkeypatch.chdir(tmp_path)
    file = Path("turnout.yaml")
    sample = re.search(r"```\n(turnout\.yaml:.*?)```", TEXT, re.DOTALL)
    assert sample is not None
    broken = {
        "models:\n" + "\n" * 5 + "  fast:\n    policy: wieghted\n    deployments: [openai/x]",
        "models:\n" + "\n" * 7 + "  fast:\n    deployments:\n      - {provider: openai, model: x, wieght: 3}",
        "keys:\n" + "\n" * 17 + "  - {key: '${TEAM_KEY}'}",
    }
    messages = set()
    for text in broken:
        file.write_text(text)
        with pytest.raises(Exception, match=r"turnout\.yaml:") as caught:
            Catalog(CommandLine(config=file), variables={}, providers=registry(), policies=POLICIES)
        messages.add(str(caught.value))
    assert messages == set(sample[1].splitlines())


class TestSchema:
    SCHEMA = json_schema(POLICIES)

    def test_it_is_json_with_a_dialect(self) -> None:
        assert json.loads(json.dumps(self.SCHEMA))["$schema"] == "https://json-schema.org/draft/2020-12/schema"

    @pytest.mark.parametrize(
        ("document", "fits"),
        [
            pytest.param({}, True, id="empty"),
            pytest.param({"server": {"port": "${PORT}"}}, True, id="variable-for-a-number"),
            pytest.param({"discovery": "${D:-true}"}, True, id="variable-for-a-boolean"),
            pytest.param({"log": {"level": "${L}"}}, True, id="variable-for-a-choice"),
            pytest.param({"models": {"a": "${MODEL}"}}, True, id="variable-for-a-short-form"),
            pytest.param({"agents": {"A": {"api_type": "x", "API_MODEL": "y"}}}, True, id="agent-in-any-case"),
            pytest.param({"models": {"a": {"deployments": ["openai/x"], "temperature": None}}}, True, id="null"),
            pytest.param({"limits": {"/v1/x/{model}": "10/minute", "all": ["5/10s"]}}, True, id="limit-of-a-path"),
            pytest.param({"limits": {"chat": "${RATE}", "stop": 5}}, True, id="variable-for-a-limit"),
            pytest.param({"limits": {"chat": "10/month"}}, False, id="no-limit"),
            pytest.param({"limits": {"chats": "10/minute"}}, False, id="unknown-operation"),
            pytest.param({"limits": {"/PATH": {"chat": "10/minute"}}}, False, id="the-field-of-the-limits"),
            pytest.param({"tiers": {"t": {"limits": {"all": "1/s"}, "budget_usd": {"daily": 1}}}}, True, id="tier"),
            pytest.param({"tiers": {"t": {"budget_usd": {"dayly": 1}}}}, False, id="unknown-period"),
            pytest.param({"keys": [{"key": "k", "expires": "soon"}]}, False, id="no-date"),
            pytest.param({"server": {"port": 70000}}, False, id="port"),
            pytest.param({"server": {"port": "80x"}}, False, id="text-for-a-number"),
            pytest.param({"servers": {}}, False, id="unknown-section"),
            pytest.param({"models": {"a": "gpt"}}, False, id="short-form-without-provider"),
            pytest.param({"models": {"a": {"deployments": []}}}, False, id="no-deployments"),
            pytest.param({"models": {"a": {"deployments": ["o/x"], "policy": "wild"}}}, False, id="unknown-policy"),
            pytest.param({"keys": [{"user": "x"}]}, False, id="key-without-key"),
            pytest.param({"agents": {"A": {"API_TYP": "x", "API_MODEL": "y"}}}, False, id="unknown-key-of-an-agent"),
            pytest.param({"timeouts": {"connect": 0}}, False, id="no-time"),
        ],
    )
    def test_it_tells_right_from_wrong(self, document: object, fits: bool) -> None:
        assert (list(misfits(document, self.SCHEMA)) == []) is fits
