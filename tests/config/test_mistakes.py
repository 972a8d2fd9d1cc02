"""Every kind of mistake names the file, the line, the key and what was expected. It never quotes the value."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.catalog.support import POLICIES, PROVIDERS, make_catalog
from turnout.errors import ConfigError

SECRET = "s3cr3t-0123456789"
PROVIDERS_LISTED = ", ".join(sorted(PROVIDERS))
POLICIES_LISTED = ", ".join(POLICIES)
SHORT = "provider/upstream-model, for example openai/gpt-6-luna"


def message_of(folder: Path, text: str, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        make_catalog(folder, dedent(text), **options)
    return caught.value.message.replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # --- types and bounds ---
        pytest.param("- 1", "turnout.yaml:1: expected a mapping", id="list-at-the-top"),
        pytest.param("server: 1", "turnout.yaml:1: server: expected a mapping", id="number-for-a-section"),
        pytest.param(
            "server:\n  port: 70000", "turnout.yaml:2: server.port: expected a whole number from 0 to 65,535", id="port"
        ),
        pytest.param(
            "server:\n  port: 80.5",
            "turnout.yaml:2: server.port: expected a whole number from 0 to 65,535",
            id="half-port",
        ),
        pytest.param(
            "server: {trusted_proxies: [10.0.0.0/99]}",
            "turnout.yaml:1: server.trusted_proxies[0]: expected an IP address or a network, such as 10.0.0.0/8",
            id="network",
        ),
        pytest.param(
            "auth: {jwt: {}}",
            "turnout.yaml:1: auth.jwt: expected 'jwks_url' or 'secret': by it, tokens are checked",
            id="tokens-by-nothing",
        ),
        pytest.param(
            f"auth: {{jwt: {{jwks_url: 'http://k', secret: {'s' * 32}}}}}",
            "turnout.yaml:1: auth.jwt.secret: expected either a secret or 'auth.jwt.jwks_url', not both",
            id="tokens-by-both",
        ),
        pytest.param(
            "auth: {jwt: {secret: short}}",
            "turnout.yaml:1: auth.jwt.secret: expected at least 8 characters",
            id="a-short-secret",
        ),
        pytest.param(
            "auth: {jwt: {secret: '-----BEGIN PUBLIC KEY----- and so on'}}",
            "turnout.yaml:1: auth.jwt.secret: expected a secret. This is a key of a pair; give the address of a list "
            "of keys in 'auth.jwt.jwks_url'",
            id="a-public-key-as-a-secret",
        ),
        pytest.param(
            f"auth: {{jwt: {{secret: {'s' * 32}, algorithms: [RS256]}}}}",
            "turnout.yaml:1: auth.jwt.algorithms: expected one of HS256, HS384, HS512, as a secret checks the tokens",
            id="a-secret-for-a-key-pair",
        ),
        pytest.param(
            "auth: {jwt: {jwks_url: 'http://k', algorithms: [ES256, HS256]}}",
            "turnout.yaml:1: auth.jwt.algorithms: expected one of RS256, ES256, as a list of keys checks the tokens",
            id="a-list-for-a-secret",
        ),
        pytest.param(
            "auth: {jwt: {jwks_url: 'http://k', algorithms: [none]}}",
            "turnout.yaml:1: auth.jwt.algorithms[0]: expected one of HS256, HS384, HS512, RS256, ES256",
            id="no-algorithm",
        ),
        pytest.param(
            "auth: {jwt: {jwks_url: 'http://k', leeway: 301}}",
            "turnout.yaml:1: auth.jwt.leeway: expected a whole number from 0 to 300",
            id="leeway",
        ),
        pytest.param(
            "auth: {jwt: {jwks_url: keys.json}}",
            "turnout.yaml:1: auth.jwt.jwks_url: expected an address that begins with http:// or https://",
            id="list-without-an-address",
        ),
        pytest.param(
            "auth: {jwt: {jwks_url: 'https://k', proxy: 'ftp://p', ca: nowhere.pem}}",
            "turnout.yaml:1: auth.jwt.proxy: expected the address of a proxy, such as http://host:3128 or "
            "https://user:password@host:3128\n"
            "turnout.yaml:1: auth.jwt.ca: can't be read: No such file or directory",
            id="how-the-list-is-reached",
        ),
        pytest.param("auth: {required: maybe}", "turnout.yaml:1: auth.required: expected true or false", id="boolean"),
        pytest.param(
            "timeouts:\n  connect: -1",
            "turnout.yaml:2: timeouts.connect: expected a number above 0 to 86,400",
            id="below",
        ),
        pytest.param(
            "timeouts: {total: .nan}", "turnout.yaml:1: timeouts.total: expected a number above 0 to 86,400", id="nan"
        ),
        pytest.param(
            "timeouts: {total: .inf}",
            "turnout.yaml:1: timeouts.total: expected a number above 0 to 86,400",
            id="infinity",
        ),
        pytest.param(
            "timeouts: {total: 1e999}",
            "turnout.yaml:1: timeouts.total: expected a number above 0 to 86,400",
            id="1e999",
        ),
        pytest.param(
            "timeouts: {total: true}", "turnout.yaml:1: timeouts.total: expected a number above 0 to 86,400", id="true"
        ),
        pytest.param(
            "retries: {attempts: 0}",
            "turnout.yaml:1: retries.attempts: expected a whole number from 1 to 20",
            id="zero",
        ),
        pytest.param(
            "log: {level: wraning}",
            "turnout.yaml:1: log.level: expected one of debug, info, warning, error, critical; did you mean 'warning'?",
            id="choice",
        ),
        pytest.param(
            "models:\n  m:\n    deployments: [openai/x]\n    traits:\n      refuses: [top_p, topk]",
            "turnout.yaml:5: models.m.traits.refuses[1]: expected one of frequency_penalty, logit_bias, logprobs, "
            "max_tokens, n, parallel_tool_calls, presence_penalty, seed, stop, temperature, top_k, top_logprobs, "
            "top_p; did you mean 'top_k'?",
            id="refused-parameter",
        ),
        pytest.param(
            "timeouts: {connect: null}",
            "turnout.yaml:1: timeouts.connect: expected a number above 0 to 86,400",
            id="null-where-none-may-be",
        ),
        pytest.param(
            "providers:\n  openai: {base_url: null, max_tokens: null, price: null}\n  azure: {base_url: x}",
            "turnout.yaml:3: providers.azure.base_url: expected an address that begins with http:// or https://",
            id="null-where-it-may-be",
        ),
        pytest.param(
            "providers: {openai: {temperature: {}}}",
            "turnout.yaml:1: providers.openai.temperature: expected a number from 0 to 2 or null",
            id="mapping-where-null-may-be",
        ),
        pytest.param("aliases: [a]", "turnout.yaml:1: aliases: expected a mapping", id="list-for-a-mapping"),
        pytest.param("keys: {a: b}", "turnout.yaml:1: keys: expected a list of a mapping", id="mapping-for-a-list"),
        pytest.param("models:\n  fast: 3", f"turnout.yaml:2: models.fast: expected {SHORT}", id="number-for-a-model"),
        pytest.param(
            "models:\n  fast: gpt-4o",
            f"turnout.yaml:2: models.fast: expected {SHORT}",
            id="short-form-without-provider",
        ),
        pytest.param(
            "models:\n  fast:\n    deployments: []",
            f"turnout.yaml:3: models.fast.deployments: expected a list of {SHORT} or a mapping, at least 1",
            id="no-deployments",
        ),
        pytest.param(
            "models:\n  fast: {}",
            f"turnout.yaml:2: models.fast: 'deployments' is missing: "
            f"expected a list of {SHORT} or a mapping, at least 1",
            id="missing-key",
        ),
        pytest.param(
            """
            models:
              fast:
                deployments:
                  - openai/x
                  - provider: openai
                    model: y
                    base_url: localhost:8080
            """,
            "turnout.yaml:8: models.fast.deployments[1].base_url: "
            "expected an address that begins with http:// or https://",
            id="address-without-scheme",
        ),
        pytest.param(
            "providers: {openai: {api_key: 12345}}",
            "turnout.yaml:1: providers.openai.api_key: expected a text; quote it",
            id="unquoted-number-as-a-key",
        ),
        # --- unknown keys and names ---
        pytest.param("modles: {}", "turnout.yaml:1: modles: unknown key; did you mean 'models'?", id="unknown-section"),
        pytest.param(
            "retries: {size: 1}",
            "turnout.yaml:1: retries.size: unknown key; expected one of attempts, backoff, backoff_max",
            id="unknown-key",
        ),
        pytest.param(
            "models:\n  gpt-4.1:\n    deployments:\n      - {provider: openai, model: x, wieght: 2}",
            "turnout.yaml:4: models[\"gpt-4.1\"].deployments[0].wieght: unknown key; did you mean 'weight'?",
            id="unknown-key-of-a-deployment",
        ),
        pytest.param(
            "models:\n  a: openai/x\n  b: opnai/x",
            "turnout.yaml:3: models.b: unknown provider; did you mean 'openai'?",
            id="unknown-provider-in-short-form",
        ),
        pytest.param(
            "models:\n  a:\n    deployments:\n      - provider: nobody\n        model: x",
            f"turnout.yaml:4: models.a.deployments[0].provider: unknown provider; expected one of {PROVIDERS_LISTED}",
            id="unknown-provider",
        ),
        pytest.param(
            "providers:\n  Antropic: {}",
            "turnout.yaml:2: providers.Antropic: unknown provider; did you mean 'anthropic'?",
            id="unknown-provider-section",
        ),
        pytest.param(
            "providers:\n  azure: {}\n  AOAI: {}",
            "turnout.yaml:3: providers.AOAI: the same provider as 'azure'",
            id="one-provider-twice",
        ),
        pytest.param(
            "models:\n  a:\n    policy: wieghted\n    deployments: [openai/x]",
            f"turnout.yaml:3: models.a.policy: expected one of {POLICIES_LISTED}; did you mean 'weighted'?",
            id="unknown-policy",
        ),
        pytest.param(
            "models: {a: azure/gpt}",
            "turnout.yaml:1: models.a: expected the address of this provider, "
            "or an address in the environment variable AZURE_OPENAI_ENDPOINT",
            id="provider-without-address",
        ),
        # --- references ---
        pytest.param(
            "discovery: false\nmodels: {fast: openai/x}\naliases:\n  quick: fats",
            "turnout.yaml:4: aliases.quick: expected the name of a model; none has this name; did you mean 'fast'?",
            id="unknown-alias-target",
        ),
        pytest.param(
            "discovery: false\nmodels:\n  fast:\n"
            "    deployments: [openai/x]\n    fallbacks:\n      - fast2\n      - other",
            "turnout.yaml:6: models.fast.fallbacks[0]: expected the name of a model; none has this name; "
            "did you mean 'fast'?\n"
            "turnout.yaml:7: models.fast.fallbacks[1]: expected the name of a model; none has this name",
            id="unknown-fallbacks",
        ),
        pytest.param(
            "aliases:\n  a: b\n  b: c\n  c: a",
            "turnout.yaml:2: aliases.a: leads back to itself: a → b → c → a",
            id="circle-of-aliases",
        ),
        pytest.param("aliases: {a: a}", "turnout.yaml:1: aliases.a: leads back to itself: a → a", id="alias-of-itself"),
        pytest.param(
            """
            models:
              fast:
                deployments: [openai/x]
                fallbacks: [slow]
              slow:
                deployments: [openai/y]
                fallbacks: [quick]
            aliases: {quick: fast}
            """,
            "turnout.yaml:5: models.fast.fallbacks: leads back to itself: fast → slow → quick → fast",
            id="circle-of-fallbacks",
        ),
        # --- names and keys twice ---
        pytest.param(
            "models:\n  fast: openai/x\naliases:\n  fast: other",
            "turnout.yaml:4: aliases.fast: this name is taken in line 2 (models)",
            id="alias-named-as-a-model",
        ),
        pytest.param(
            "agents:\n  HOST: {API_TYPE: openai, API_MODEL: x}\nmodels:\n  HOST: openai/x",
            "turnout.yaml:2: agents.HOST: this name is taken in line 4 (models)",
            id="agent-named-as-a-model",
        ),
        pytest.param(
            "keys:\n  - {key: key-one!}\n  - {key: key-two!}\n  - {key: key-one!}",
            "turnout.yaml:4: keys[2].key: the same key as keys[0]",
            id="same-key-twice",
        ),
        pytest.param(
            "keys:\n  - {key: ''}", "turnout.yaml:2: keys[0].key: expected a key that is not empty", id="empty-key"
        ),
        pytest.param(
            "providers:\n  openai: {base_url: 'http://x:99999'}",
            "turnout.yaml:2: providers.openai.base_url: expected an address that begins with "
            "http:// or https://, with a host, and a port if it needs one",
            id="port-of-a-provider",
        ),
        pytest.param(
            "models:\n  a: {deployments: [{provider: openai, model: x, base_url: 'http://[x'}]}",
            "turnout.yaml:2: models.a.deployments[0].base_url: expected an address that begins with "
            "http:// or https://, with a host, and a port if it needs one",
            id="host-of-a-deployment",
        ),
        pytest.param(
            "keys:\n  - {key: key-one!}\n  - {key: key-two!, name: key-1}",
            "turnout.yaml:3: keys[1].name: expected a name that no other key has",
            id="key-named-as-another",
        ),
        # --- agents ---
        pytest.param(
            "agents:\n  A:\n    api_type: nobody\n    api_model: x",
            f"turnout.yaml:3: agents.A.API_TYPE: unknown provider; expected one of {PROVIDERS_LISTED}",
            id="unknown-provider-of-an-agent",
        ),
        pytest.param(
            "agents:\n  A: {api_type: azure, api_model: x}",
            "turnout.yaml:2: agents.A.API_BASE: expected the address of this provider, "
            "or an address in the environment variable AZURE_OPENAI_ENDPOINT",
            id="agent-without-address",
        ),
        pytest.param(
            "agents:\n  A: {API_TYPE: openai, API_MODEL: x, API_KY: k}",
            "turnout.yaml:2: agents.A.API_KY: unknown key; did you mean 'API_KEY'?",
            id="unknown-key-of-an-agent",
        ),
    ],
)
def test_a_mistake(tmp_path: Path, text: str, expected: str) -> None:
    assert message_of(tmp_path, text) == expected


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    assert message_of(tmp_path, "auth: {size: 1}\nserver: {port: x}\nretries: 2").splitlines() == [
        "turnout.yaml:1: auth.size: unknown key; expected one of required, jwt",
        "turnout.yaml:2: server.port: expected a whole number from 0 to 65,535",
        "turnout.yaml:3: retries: expected a mapping",
    ]


def test_a_file_full_of_mistakes_gives_a_message_of_bounded_length(tmp_path: Path) -> None:
    lines = message_of(tmp_path, "".join(f"wrong{number}: 1\n" for number in range(500))).splitlines()
    assert (len(lines), lines[-1]) == (21, "and 480 more")


def test_a_mistake_in_the_agents_file_names_that_file(tmp_path: Path) -> None:
    taken = message_of(tmp_path, "models: {HOST: openai/x}", agents="\nHOST: {API_TYPE: openai, API_MODEL: x}\n")
    assert taken == "agents.yaml:2: agents.HOST: this name is taken in turnout.yaml:1 (models)"


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: can't be read: No such file or directory"):
        make_catalog(tmp_path, config=tmp_path / "nowhere.yaml")


class TestSecretsStaySecret:
    """A message may name keys of the file and variables, but holds nothing of any value."""

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(f"models: {{a: {SECRET}}}", id="in-a-short-form"),
            pytest.param(f"models: {{a: {SECRET}/x}}", id="as-a-provider"),
            pytest.param(f"providers: {{openai: {{api_key: [{SECRET}]}}}}", id="key-in-a-list"),
            pytest.param(f"auth: {{jwt: {{secret: '-----BEGIN {SECRET}'}}}}", id="as-a-key-pair-of-tokens"),
            pytest.param(f"keys: [{{key: {{{SECRET}: x}}}}]", id="as-a-key-of-a-mapping"),
            pytest.param(f"store_down: {{limits: {SECRET}}}", id="as-a-choice"),
            pytest.param(f"keys: [{{key: {SECRET}}}, {{key: {SECRET}}}]", id="same-key-twice"),
            pytest.param(f"keys: [{{{SECRET}}}]", id="as-an-unknown-key"),
            pytest.param(f"keys: [{{key {SECRET}}}]", id="colon-forgotten"),
            pytest.param(f"keys: [{SECRET}]", id="as-an-item"),
            pytest.param(f"server: {{port: {SECRET}}}", id="as-a-number"),
            pytest.param(f"log: {{level: {SECRET}}}", id="as-a-level"),
            pytest.param(f"api_key: &a *{SECRET}", id="as-an-alias"),
            pytest.param(f"api_key: !{SECRET} x", id="as-a-tag"),
            pytest.param(f"api_key: {SECRET}: x: y", id="in-a-broken-line"),
            pytest.param(f'api_key: "{SECRET}', id="in-an-open-quote"),
            pytest.param(f'api_key: "\\q{SECRET}"', id="behind-a-bad-escape"),
            pytest.param(f"api_key: @{SECRET}", id="behind-an-at-sign"),
            pytest.param(f"{SECRET}", id="as-the-whole-file"),
            pytest.param(f"api_key: '${{{SECRET}'", id="in-an-open-reference"),
            pytest.param("models: {a: '${LEAK}'}", id="from-a-variable"),
            pytest.param("models: {a: '${LEAK}/x'}", id="from-a-variable-as-a-provider"),
            pytest.param("server: {port: '${LEAK}', host: [1]}", id="from-a-variable-as-a-number"),
            pytest.param("models: {a: {policy: '${LEAK}', deployments: [openai/x]}}", id="from-a-variable-as-a-policy"),
            pytest.param("discovery: false\naliases: {a: '${LEAK}'}", id="from-a-variable-as-a-target"),
            pytest.param("providers: {openai: {base_url: '${LEAK}'}}", id="from-a-variable-as-an-address"),
        ],
    )
    def test_in_a_mistake(self, tmp_path: Path, text: str) -> None:
        message = message_of(tmp_path, text, variables={"LEAK": SECRET})
        assert SECRET not in message
        assert "s3cr3t" not in message

    def test_in_a_variable_that_is_wrong(self, tmp_path: Path) -> None:
        assert message_of(tmp_path, "", variables={"PORT": SECRET}) == (
            "environment variable PORT: expected a whole number from 0 to 65,535"
        )

    def test_in_what_a_good_file_becomes(self, tmp_path: Path) -> None:
        """Settings, deployments, keys and state can be printed without harm."""
        catalog = make_catalog(
            tmp_path,
            f"providers: {{openai: {{api_key: {SECRET}}}}}\nmodels: {{a: openai/x}}\nkeys: [{{key: x{SECRET}}}]",
        )
        printed = repr((catalog.settings, catalog.snapshot.served(), catalog.snapshot.keys, catalog.state()))
        assert SECRET not in printed
        assert "openai/x" in printed
