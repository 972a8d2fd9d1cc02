"""Every setting comes from the narrowest place that has it. One rule of precedence holds for all settings."""

from __future__ import annotations

import time
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from tests.catalog.support import PROVIDERS, make_catalog, only
from turnout.core import Allowance, Budget, Defaults, Deployment, ImageLimits, Key, Retries, Secret, Timeouts, Traits
from turnout.errors import ConfigError
from turnout.facts import traits_of
from turnout.providers import registry
from turnout.tokens.families import FAMILIES


def test_no_file_at_all_is_a_configuration(tmp_path: Path) -> None:
    catalog = make_catalog(tmp_path)
    assert (catalog.settings.server.host, catalog.settings.server.port) == ("127.0.0.1", 8003)
    assert [name for name, _ in catalog.snapshot.served()] == ["echo"]


@pytest.mark.parametrize(
    "text", ["", "# nothing yet\n", "models:\n#  a: openai/x\nkeys:\n"], ids=["empty", "comment", "heads"]
)
def test_a_file_of_nothing_is_a_configuration(tmp_path: Path, text: str) -> None:
    assert make_catalog(tmp_path, text).settings.server.port == 8003


def test_the_log_by_the_environment(tmp_path: Path) -> None:
    log = make_catalog(tmp_path, "log: {format: json}", variables={"LOG_FORMAT": "console"}).settings.log
    assert (log.format, log.level) == ("console", "info")
    log = make_catalog(tmp_path, "log: {format: console}", variables={"LOG_LEVEL": "error"}).settings.log
    assert (log.format, log.level) == ("console", "error")


@pytest.mark.parametrize("tokenizer", FAMILIES)
def test_a_model_may_name_its_tokenizer(tmp_path: Path, tokenizer: str) -> None:
    text = f"models: {{a: {{deployments: [{{provider: openai, model: x, traits: {{tokenizer: {tokenizer}}}}}]}}}}"
    assert only(make_catalog(tmp_path, text), "a").traits.tokenizer == tokenizer


@pytest.mark.parametrize("network", ["10.0.0.1", "10.0.0.0/8", "10.0.0.1/8", "::1", "fd00::/8", "FD00::1"])
def test_a_trusted_proxy_is_an_address_or_a_network(tmp_path: Path, network: str) -> None:
    catalog = make_catalog(tmp_path, f"server: {{trusted_proxies: ['{network}']}}")
    assert catalog.settings.server.trusted_proxies == [network]


class TestModels:
    def test_short_form(self, tmp_path: Path) -> None:
        """``provider/upstream-model``; the upstream's name may have more slashes."""
        catalog = make_catalog(
            tmp_path, "models: {gpt: OpenAI/gpt-4o, llama: vllm/meta-llama/Llama-3}", variables={"VLLM_URL": ""}
        )
        assert (only(catalog, "gpt").provider, only(catalog, "gpt").model) == ("openai", "gpt-4o")
        assert (only(catalog, "llama").provider, only(catalog, "llama").model) == ("vllm", "meta-llama/Llama-3")

    def test_its_date_is_that_of_the_start(self, tmp_path: Path) -> None:
        """Clients' lists of models need one, and the file has none."""
        before = int(time.time())
        assert before <= make_catalog(tmp_path, "models: {a: openai/x}").snapshot.find("a").created <= time.time()

    def test_long_form(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path,
            """
            models:
              fast:
                policy: weighted
                fallbacks: [slow, anthropic/claude-x]
                deployments:
                  - {provider: openai, model: a, weight: 3, api_version: 2024-10-21, headers: {x-team: blue},
                     options: {delay_ms: 5, deep: {list: [1, null]}}}
                  - openai/b
              slow: openai/c
            """,
            variables={"ANTHROPIC_API_KEY": "k"},
        )
        model = catalog.snapshot.find("fast")
        first, second = model.deployments
        assert (model.policy, model.fallbacks) == ("weighted", ("slow", "anthropic/claude-x"))
        assert (first.weight, first.api_version, first.headers) == (3, "2024-10-21", {"x-team": "blue"})
        assert first.options == {"delay_ms": msgspec.Raw(b"5"), "deep": msgspec.Raw(b'{"list":[1,null]}')}
        assert (second.model, second.weight, second.headers, second.options) == ("b", 1, {}, {})

    def test_numbers_may_come_out_of_variables(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path,
            'models: {a: {deployments: [{provider: openai, model: x, weight: "${W}", temperature: "${T}"}]}}\n'
            'discovery: "${D}"',
            variables={"W": "7", "T": "0.5", "D": "false"},
        )
        assert (only(catalog, "a").weight, only(catalog, "a").defaults.temperature) == (7, 0.5)
        assert catalog.settings.discovery is False


class TestLayers:
    """Deployment, model, provider section, top of the file, the provider's own."""

    def test_defaults_of_a_provider(self, tmp_path: Path) -> None:
        deployment = only(make_catalog(tmp_path, "models: {a: vllm/x}"), "a")
        assert deployment.defaults == Defaults()
        assert deployment.service_defaults == Defaults(max_tokens=512, temperature=0.7, top_p=0.95)
        assert deployment.timeouts == Timeouts(connect=5, first_token=60, stall=30, total=600)
        assert deployment.retries == Retries(attempts=2, backoff=0.5, backoff_max=8)
        assert deployment.base_url == "http://localhost:8000"

    def test_each_layer_hides_the_wider_ones(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path,
            """
            timeouts: {connect: 1, first_token: 1, stall: 1, total: 1}
            retries: {attempts: 1, backoff: 0}
            providers:
              vllm: {timeouts: {connect: 2, first_token: 2, stall: 2}, temperature: 0.2, top_p: 0.2, max_tokens: 2}
            models:
              a:
                timeouts: {connect: 3, first_token: 3}
                temperature: 0.3
                top_p: 0.3
                retries: {attempts: 3}
                deployments:
                  - {provider: vllm, model: x, timeouts: {connect: 4}, temperature: 0.4}
            """,
        )
        deployment = only(catalog, "a")
        assert deployment.timeouts == Timeouts(connect=4, first_token=3, stall=2, total=1)
        assert deployment.defaults == Defaults(temperature=0.4, top_p=0.3, max_tokens=2)
        assert deployment.service_defaults == deployment.defaults
        assert deployment.retries == Retries(attempts=3, backoff=0, backoff_max=8)

    def test_defaults_of_the_operator_hold_for_every_client_and_the_providers_for_services(
        self, tmp_path: Path
    ) -> None:
        deployment = only(
            make_catalog(tmp_path, "models: {a: {temperature: 0.5, deployments: [vllm/x]}}"),
            "a",
        )
        assert deployment.defaults == Defaults(temperature=0.5)
        assert deployment.service_defaults == Defaults(max_tokens=512, temperature=0.5, top_p=0.95)

    def test_null_sends_nothing(self, tmp_path: Path) -> None:
        """``null`` is a value, so the provider's default doesn't hold."""
        catalog = make_catalog(
            tmp_path,
            "models: {a: {temperature: 0.5, deployments: [{provider: vllm, model: x, temperature: null, top_p: ~}]}}",
        )
        assert only(catalog, "a").defaults == Defaults()
        assert only(catalog, "a").service_defaults == Defaults(max_tokens=512, temperature=None, top_p=None)

    def test_headers_add_up(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path,
            """
            providers: {openai: {headers: {a: provider, b: provider}}}
            models:
              m: {headers: {b: model, c: model}, deployments: [{provider: openai, model: x, headers: {c: own}}]}
            """,
            variables={"OPENAI_ORGANIZATION": "org-1"},
        )
        assert only(catalog, "m").headers == {"a": "provider", "b": "model", "c": "own", "openai-organization": "org-1"}

    def test_models_that_think_get_no_default_limit(self, tmp_path: Path) -> None:
        """256 tokens would go into thoughts; a limit that the file says is kept."""
        catalog = make_catalog(
            tmp_path,
            "models: {a: openai/gpt-5.5, b: {max_tokens: 100, deployments: [openai/gpt-5.5]}, c: openai/gpt-4o}",
        )
        assert [only(catalog, name).service_defaults.max_tokens for name in "abc"] == [None, 100, 256]
        assert [only(catalog, name).defaults.max_tokens for name in "abc"] == [None, 100, None]

    def test_facts_and_what_overrides_them(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path,
            """
            models:
              known: openai/o3
              said: {traits: {refuses: [], context: null}, deployments: [openai/o3]}
              unknown: {traits: {refuses: [top_p, max_tokens]}, deployments: [openai/mine]}
            """,
        )
        assert only(catalog, "known").traits == traits_of("o3")
        assert only(catalog, "said").traits == structs.replace(
            traits_of("o3"), refuses=frozenset(), refuses_thinking=frozenset(), context=None
        )
        assert only(catalog, "unknown").traits == Traits(refuses=frozenset({"max_tokens", "top_p"}))

    def test_the_narrowest_place_decides_about_each_trait(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path,
            """
            providers: {openai: {traits: {tokenizer: cl100k, context: 1000, prefill: false}}}
            models:
              m:
                traits: {context: 2000, max_output: 300}
                deployments:
                  - {provider: openai, model: mine, traits: {max_output: 400, inputs: [text, audio]}}
            """,
        )
        assert only(catalog, "m").traits == Traits(
            tokenizer="cl100k", context=2000, max_output=400, prefill=False, inputs=frozenset({"text", "audio"})
        )

    def test_the_file_may_say_that_a_model_goes_on_with_an_answer_and_how(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path,
            """
            models:
              known: anthropic/claude-haiku-4-5
              no: {traits: {prefill: false}, deployments: [anthropic/claude-haiku-4-5]}
              yes: {traits: {prefill: true}, deployments: [openai/mine]}
              how: {traits: {prefill: continue_final_message}, deployments: [openai/mine]}
            """,
            variables={"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"},
        )
        traits = {name: only(catalog, name).traits for name in ("known", "no", "yes", "how")}
        assert {name: (each.prefill, each.continues) for name, each in traits.items()} == {
            "known": (True, "message"),
            "no": (False, None),
            "yes": (True, "message"),
            "how": (True, "continue_final_message"),
        }

    def test_what_a_vendor_takes_is_known_by_its_address_and_the_file_may_say_otherwise(self, tmp_path: Path) -> None:
        address = "https://api.mistral.ai/v1"
        catalog = make_catalog(
            tmp_path,
            f"""
            models:
              known: {{deployments: [{{provider: openai, model: x, base_url: "{address}"}}]}}
              said:
                traits: {{reasoning_content: true, stream_options: true}}
                deployments: [{{provider: openai, model: x, base_url: "{address}"}}]
              unknown: {{deployments: [{{provider: openai, model: x, base_url: "https://notmistral.example"}}]}}
            """,
        )
        known, said, unknown = [only(catalog, name).traits for name in ("known", "said", "unknown")]
        assert (known.reasoning_content, known.stream_options) == (False, False)
        assert (said.reasoning_content, said.stream_options) == (True, True)
        assert (unknown.reasoning_content, unknown.stream_options) == (True, True)

    def test_of_a_model_on_a_machine_of_ones_own_only_what_no_server_changes_is_known(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path, "models: {thinks: vllm/o3, sees: ollama/llava}")
        assert only(catalog, "thinks").traits == Traits(
            inputs=traits_of("o3").inputs, thinking="always", tokenizer="o200k-reasoning"
        )
        sees = only(catalog, "sees").traits
        assert sees.inputs == frozenset({"text", "image"})
        assert (sees.context, sees.images) == (None, traits_of("llava").images)

    def test_a_name_that_an_operator_chose_tells_no_context(self, tmp_path: Path) -> None:
        """Azure's "gpt-4" may be any model of that line: nothing is refused by such a name."""
        catalog = make_catalog(
            tmp_path, "models: {m: {deployments: [{provider: azure, model: gpt-4, base_url: 'https://a.test'}]}}"
        )
        assert only(catalog, "m").traits == structs.replace(traits_of("gpt-4"), context=None)

    def test_what_is_said_of_images_changes_what_is_known_of_them(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path,
            """
            models:
              known:
                traits: {images: {number: 5}}
                deployments: [{provider: anthropic, model: claude-opus-5, traits: {images: {long_edge: null}}}]
              unknown: {traits: {images: {formats: [image/png]}}, deployments: [openai/mine]}
            """,
        )
        by_name = traits_of("claude-opus-5").images
        assert by_name is not None
        assert only(catalog, "known").traits.images == structs.replace(by_name, number=5, long_edge=None)
        usual = PROVIDERS["openai"].profile.images or ImageLimits()
        assert only(catalog, "unknown").traits.images == structs.replace(usual, formats=frozenset({"image/png"}))


class TestAccess:
    """Where a provider is and what opens it."""

    FILE = "providers: {openai: {base_url: 'http://file.test/', api_key: file-key}}\n"

    def test_the_provider_s_own(self, tmp_path: Path) -> None:
        deployment = only(make_catalog(tmp_path, "models: {a: openai/x}"), "a")
        assert (deployment.base_url, deployment.api_key) == ("https://openai.test/v1", None)
        assert deployment.key_source == "OPENAI_API_KEY"  # where to put one

    def test_the_file_over_the_provider_s_own(self, tmp_path: Path) -> None:
        deployment = only(make_catalog(tmp_path, self.FILE + "models: {a: openai/x}"), "a")
        assert (deployment.base_url, deployment.api_key) == ("http://file.test", Secret("file-key"))
        assert deployment.key_source is None

    def test_the_environment_over_the_file(self, tmp_path: Path) -> None:
        variables = {"OPENAI_BASE_URL": "http://env.test/v1/", "OPENAI_API_KEY": " env-key\n"}
        deployment = only(make_catalog(tmp_path, self.FILE + "models: {a: openai/x}", variables=variables), "a")
        assert (deployment.base_url, deployment.api_key) == ("http://env.test/v1", Secret("env-key"))
        assert deployment.key_source == "OPENAI_API_KEY"

    def test_a_deployment_s_own_is_another_setting(self, tmp_path: Path) -> None:
        """The environment speaks of the provider, a deployment of itself."""
        own = "{provider: openai, model: x, base_url: 'http://own.test', api_key: '${MINE}'}"
        text = f"models: {{a: {{deployments: [{own}]}}}}"
        variables = {"OPENAI_BASE_URL": "http://env.test", "OPENAI_API_KEY": "env-key", "MINE": "own-key"}
        deployment = only(make_catalog(tmp_path, text, variables=variables), "a")
        assert (deployment.base_url, deployment.api_key) == ("http://own.test", Secret("own-key"))
        assert deployment.key_source == "MINE"

    def test_the_variable_of_a_provider_s_key_in_the_file(self, tmp_path: Path) -> None:
        text = "providers: {openai: {api_key: '${SHARED}'}}\nmodels: {a: openai/x}"
        assert only(make_catalog(tmp_path, text, variables={"SHARED": "k"}), "a").key_source == "SHARED"

    def test_an_empty_variable_is_not_set(self, tmp_path: Path) -> None:
        variables = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": " "}
        deployment = only(make_catalog(tmp_path, "models: {a: openai/x}", variables=variables), "a")
        assert (deployment.base_url, deployment.api_key) == ("https://openai.test/v1", None)

    @pytest.mark.parametrize("version", ["AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"])
    def test_azure(self, tmp_path: Path, version: str) -> None:
        variables = {"AZURE_OPENAI_ENDPOINT": "https://r.test/", "AZURE_OPENAI_API_KEY": "k", version: "2024-10-21"}
        deployment = only(make_catalog(tmp_path, "models: {a: aoai/gpt}", variables=variables), "a")
        assert (deployment.provider, deployment.base_url, deployment.api_version) == (
            "azure",
            "https://r.test",
            "2024-10-21",
        )


class TestAddresses:
    """Of the variables that the vendors' SDKs read, of the real providers."""

    @pytest.mark.parametrize(
        ("name", "value", "address"),
        [
            ("OLLAMA_HOST", "gpu-box", "http://gpu-box:11434"),
            ("OLLAMA_HOST", "gpu-box:80", "http://gpu-box:80"),
            ("OLLAMA_HOST", ":1234", "http://localhost:1234"),
            ("OLLAMA_HOST", "0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104  # asked, not listened on
            ("OLLAMA_HOST", "[::]:1234", "http://[::1]:1234"),
            ("OLLAMA_HOST", "https://gpu-box/ollama/", "https://gpu-box/ollama"),
            ("LLAMA_CPP_URL", "gpu-box", "http://gpu-box:8080"),
            ("OPENAI_API_BASE", "proxy.test/v1", "https://proxy.test/v1"),
            ("GEMINI_BASE_URL", "https://proxy.test", "https://proxy.test"),
            ("AZURE_OPENAI_ENDPOINT", "mine.openai.azure.com", "https://mine.openai.azure.com"),
        ],
    )
    def test_one_is_completed(self, tmp_path: Path, name: str, value: str, address: str) -> None:
        real = registry()
        provider = next(one for one in real.values() if name in one.profile.url_variables)
        catalog = make_catalog(tmp_path, f"models: {{a: {provider.name}/x}}", variables={name: value}, providers=real)
        assert only(catalog, "a").base_url == address

    def test_the_first_that_is_set_counts(self, tmp_path: Path) -> None:
        variables = {"OLLAMA_HOST": "other", "OLLAMA_URL": "http://mine:1"}
        catalog = make_catalog(tmp_path, "models: {a: ollama/x}", variables=variables, providers=registry())
        assert only(catalog, "a").base_url == "http://mine:1"

    @pytest.mark.parametrize("value", ["http://", "not an address", "ftp://x", "host:port", "http://[x", "http://x:0"])
    def test_what_is_none_is_a_mistake(self, tmp_path: Path, value: str) -> None:
        with pytest.raises(ConfigError, match="environment variable OPENAI_BASE_URL: expected an address that begins"):
            make_catalog(tmp_path, variables={"OPENAI_BASE_URL": value})

    def test_organization_and_project(self, tmp_path: Path) -> None:
        variables = {"OPENAI_ORG_ID": "org", "OPENAI_PROJECT_ID": "proj"}
        headers = only(make_catalog(tmp_path, "models: {a: openai/x}", variables=variables), "a").headers
        assert headers == {"openai-organization": "org", "openai-project": "proj"}


ENVIRONMENT = {"HOST": "10.0.0.2", "PORT": "2", "LOG_LEVEL": "WARNING", "LOG_FORMAT": "Json", "TURNOUT_DATA_DIR": "e"}


class TestPrecedence:
    """Command line, then environment, then file, then defaults."""

    FILE = "server: {host: 10.0.0.1, port: 1}\nlog: {level: error, format: console}\nauth: {required: false}"

    def test_the_file(self, tmp_path: Path) -> None:
        settings = make_catalog(tmp_path, self.FILE + "\ndata_dir: f", data_dir=None).settings
        assert (settings.server.host, settings.server.port, settings.data_dir) == ("10.0.0.1", 1, "f")
        assert (settings.log.level, settings.log.format) == ("error", "console")

    def test_the_environment(self, tmp_path: Path) -> None:
        settings = make_catalog(tmp_path, self.FILE + "\ndata_dir: f", variables=ENVIRONMENT, data_dir=None).settings
        assert (settings.server.host, settings.server.port, settings.data_dir) == ("10.0.0.2", 2, "e")
        assert (settings.log.level, settings.log.format) == ("warning", "json")

    def test_the_command_line(self, tmp_path: Path) -> None:
        settings = make_catalog(
            tmp_path,
            self.FILE,
            variables=ENVIRONMENT,
            host="10.0.0.3",
            port=3,
            log_level="critical",
            log_format="console",
            workers=3,
        ).settings
        assert (settings.server.host, settings.server.port, settings.server.workers) == ("10.0.0.3", 3, 3)
        assert (settings.log.level, settings.log.format) == ("critical", "console")
        assert settings.data_dir == str(tmp_path / "data")

    @pytest.mark.parametrize(("debug", "level"), [("true", "debug"), ("1", "debug"), ("false", "error"), ("", "error")])
    def test_debug(self, tmp_path: Path, debug: str, level: str) -> None:
        assert make_catalog(tmp_path, self.FILE, variables={"DEBUG": debug}).settings.log.level == level

    def test_a_level_is_more_than_debug(self, tmp_path: Path) -> None:
        variables = {"DEBUG": "true", "LOG_LEVEL": "info"}
        assert make_catalog(tmp_path, self.FILE, variables=variables).settings.log.level == "info"

    @pytest.mark.parametrize(
        ("variable", "value", "expected"),
        [
            pytest.param("PORT", "eighty", "a whole number from 0 to 65,535", id="port"),
            pytest.param("LOG_LEVEL", "loud", "one of debug, info, warning, error, critical", id="level"),
            pytest.param("LOG_FORMAT", "xml", "one of json, console", id="format"),
        ],
    )
    def test_a_wrong_variable_is_named(self, tmp_path: Path, variable: str, value: str, expected: str) -> None:
        with pytest.raises(ConfigError) as caught:
            make_catalog(tmp_path, "", variables={variable: value})
        assert caught.value.message == f"environment variable {variable}: expected {expected}"

    def test_the_file_s_place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """``--config``, then ``TURNOUT_CONFIG``, then ``turnout.yaml`` where the process runs."""
        for port, name in enumerate(("turnout.yaml", "env.yaml", "line.yaml"), 1):
            (tmp_path / name).write_text(f"server: {{port: {port}}}")
        monkeypatch.chdir(tmp_path)
        variables = {"TURNOUT_CONFIG": "env.yaml"}
        assert make_catalog(tmp_path, config=None).settings.server.port == 1
        assert make_catalog(tmp_path, config=None, variables=variables).settings.server.port == 2
        assert make_catalog(tmp_path, config=tmp_path / "line.yaml", variables=variables).settings.server.port == 3


class TestAuth:
    @pytest.mark.parametrize(
        ("text", "required"),
        [
            pytest.param("", False, id="loopback"),
            pytest.param("server: {host: localhost}", False, id="localhost"),
            pytest.param("server: {host: '::1'}", False, id="loopback-6"),
            pytest.param("server: {host: 127.0.0.2}", False, id="loopback-2"),
            pytest.param("server: {host: 0.0.0.0}", True, id="everywhere"),
            pytest.param("server: {host: '::'}", True, id="everywhere-6"),
            pytest.param("server: {host: example.com}", True, id="a-name"),
            pytest.param("keys: [{key: tk-12345}]", True, id="keys"),
            pytest.param("keys: [{key: tk-12345}]\nauth: {required: false}", False, id="keys-but-said-not"),
            pytest.param("auth: {required: true}", True, id="loopback-but-said"),
            pytest.param("server: {host: 0.0.0.0}\nauth: {required: false}", False, id="everywhere-but-said-not"),
        ],
    )
    def test_when_it_is_required(self, tmp_path: Path, text: str, required: bool) -> None:
        assert make_catalog(tmp_path, text).snapshot.auth_required is required

    def test_keys(self, tmp_path: Path) -> None:
        """The digest finds a key. Its id is its name or its number."""
        catalog = make_catalog(
            tmp_path,
            """
            keys:
              - {key: "${TEAM}", user: alice, tier: premium, budget_usd: 25.5, models: ["fast", "gpt-*"]}
              - {key: key-two!, name: batch}
            """,
            variables={"TEAM": "key-one!"},
        )
        one, two = sha256(b"key-one!").digest(), sha256(b"key-two!").digest()
        assert catalog.snapshot.keys == {
            one: Key(
                id="key-1",
                digest=one,
                user="alice",
                tier="premium",
                allowance=Allowance(models=("fast", "gpt-*"), budgets=(Budget(25_500_000_000_000, "total"),)),
            ),
            two: Key(id="batch", digest=two),
        }


class TestAgents:
    """The agents form, in the configuration or in a file of its own."""

    AZURE = """
    HOST_AGENT:
      API_TYPE: "azure"
      API_BASE: "https://my-resource.openai.azure.com/"
      API_VERSION: "2024-02-15-preview"
      API_KEY: "${AGENT_KEY}"
      API_MODEL: "gpt-4-turbo-v"
    """

    def check(self, deployment: Deployment) -> None:
        assert (deployment.provider, deployment.model) == ("azure", "gpt-4-turbo-v")
        assert (deployment.base_url, deployment.api_version) == (
            "https://my-resource.openai.azure.com",
            "2024-02-15-preview",
        )
        assert (deployment.api_key, deployment.key_source) == (Secret("k"), "AGENT_KEY")

    def test_in_the_configuration(self, tmp_path: Path) -> None:
        self.check(only(make_catalog(tmp_path, f"agents:\n{self.AZURE}", variables={"AGENT_KEY": "k"}), "HOST_AGENT"))

    def test_in_a_file_of_its_own(self, tmp_path: Path) -> None:
        self.check(only(make_catalog(tmp_path, agents=self.AZURE, variables={"AGENT_KEY": "k"}), "HOST_AGENT"))

    @pytest.mark.parametrize("api_type", ["azure", "AZURE", "aoai", "AOAI", "azure_ad", "Azure_AD"])
    def test_names_of_azure(self, tmp_path: Path, api_type: str) -> None:
        agents = f"A: {{api_type: {api_type}, Api_Model: m, api_base: 'https://r.test'}}"
        assert only(make_catalog(tmp_path, agents=agents), "A").provider == "azure"

    def test_an_agent_needs_no_more_than_type_and_model(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path, agents="A: {API_TYPE: OpenAI, API_MODEL: x}", variables={"OPENAI_API_KEY": "k"}
        )
        assert (only(catalog, "A").base_url, only(catalog, "A").api_key) == ("https://openai.test/v1", Secret("k"))

    def test_an_empty_agents_file_has_no_agents(self, tmp_path: Path) -> None:
        assert [name for name, _ in make_catalog(tmp_path, agents="").snapshot.served()] == ["echo"]

    def test_aliases_and_fallbacks_know_agents(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path,
            "discovery: false\naliases: {host: A}\nmodels: {m: {deployments: [openai/x], fallbacks: [A]}}",
            agents="A: {API_TYPE: openai, API_MODEL: x}",
        )
        assert catalog.snapshot.find("host").name == "A"
        assert catalog.snapshot.find("m").fallbacks == ("A",)
