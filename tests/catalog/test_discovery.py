"""Discovery: which providers the catalog asks, which models it adds, and that it never waits for answers."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.catalog.support import ANTHROPIC, OPENAI, PROVIDERS, make_catalog, only
from turnout.catalog import Catalog, Finding
from turnout.core import Network, Secret, WireRequest
from turnout.errors import UpstreamError, UpstreamTimeout, UpstreamUnreachable
from turnout.providers import Provider

Reply = Sequence[str] | tuple[int, bytes] | UpstreamError


class Upstreams:
    """Replies by address. An address without a reply refuses the connection. ``asked`` are the received requests."""

    def __init__(self, **replies: Reply) -> None:
        self.replies = {f"{ADDRESSES[name]}/models": reply for name, reply in replies.items()}
        self.asked: list[WireRequest] = []

    async def __call__(self, request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.append(request)
        match self.replies.get(request.url):
            case None:
                raise UpstreamUnreachable(f"{request.url} refused the connection.")
            case UpstreamError() as error:
                raise error
            case (int() as status, bytes() as body):
                return status, {}, body
            case names:
                return 200, {}, json.dumps(names).encode()


ADDRESSES = {
    "openai": "https://openai.test/v1",
    "anthropic": "https://anthropic.test",
    "azure": "https://azure.test",
    "ollama": "http://localhost:11434",
    "vllm": "http://localhost:8000",
}
OPENAI_KEY = {"OPENAI_API_KEY": "sk-openai-secret"}


async def discovered(folder: Path, text: str | None = None, **replies: Reply) -> Catalog:
    catalog = make_catalog(folder, text, variables=OPENAI_KEY)
    await catalog.discover(Upstreams(**replies))
    return catalog


def names(catalog: Catalog) -> list[str]:
    return [name for name, _ in catalog.snapshot.served()]


def finding_of(catalog: Catalog, provider: str) -> Finding:
    return next(finding for finding in catalog.state().discovery if finding.provider == provider)


async def test_a_provider_is_asked_through_its_proxy(tmp_path: Path) -> None:
    upstreams = Upstreams(openai=["x"])
    catalog = make_catalog(tmp_path, "providers: {openai: {proxy: 'http://p:1'}}", variables=OPENAI_KEY)
    await catalog.discover(upstreams)
    networks = {request.url: request.network for request in upstreams.asked}
    assert networks.pop("https://openai.test/v1/models") == Network(proxy=Secret("http://p:1"))
    assert set(networks.values()) == {None}


class TestWhoIsAsked:
    @pytest.mark.parametrize(
        ("variables", "asked"),
        [
            pytest.param({}, {"ollama", "vllm"}, id="local-servers-always"),
            pytest.param({"OPENAI_API_KEY": "k"}, {"ollama", "vllm", "openai"}, id="a-key"),
            pytest.param({"AZURE_OPENAI_API_KEY": "k"}, {"ollama", "vllm"}, id="a-key-without-address"),
            pytest.param(
                {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://azure.test"},
                {"ollama", "vllm", "azure"},
                id="a-key-and-an-address",
            ),
        ],
    )
    async def test_keys_and_local_servers(self, tmp_path: Path, variables: dict[str, str], asked: set[str]) -> None:
        upstreams = Upstreams()
        await make_catalog(tmp_path, variables=variables).discover(upstreams)
        assert {request.url for request in upstreams.asked} == {f"{ADDRESSES[name]}/models" for name in asked}

    async def test_with_the_key_and_headers_of_environment_and_file(self, tmp_path: Path) -> None:
        upstreams = Upstreams()
        text = "providers: {openai: {headers: {x-team: blue}}}"
        await make_catalog(tmp_path, text, variables=OPENAI_KEY).discover(upstreams)
        (request,) = (request for request in upstreams.asked if "openai" in request.url)
        assert request.headers == {"key": "sk-openai-secret", "x-team": "blue"}

    async def test_at_the_address_of_the_environment(self, tmp_path: Path) -> None:
        upstreams = Upstreams()
        await make_catalog(tmp_path, variables={"OLLAMA_URL": "http://gpu:1/"}).discover(upstreams)
        assert "http://gpu:1/models" in {request.url for request in upstreams.asked}

    async def test_nobody_when_it_is_off(self, tmp_path: Path) -> None:
        upstreams = Upstreams()
        catalog = make_catalog(tmp_path, "discovery: false", variables=OPENAI_KEY)
        await catalog.discover(upstreams)
        assert (upstreams.asked, catalog.state().discovery) == ([], ())

    @pytest.mark.parametrize("address", ["http://localhost:8000", "http://127.0.0.1:8000"])
    async def test_never_itself(self, tmp_path: Path, address: str) -> None:
        """Turnout on vLLM's usual port must not serve its own models as another server's."""
        upstreams = Upstreams()
        catalog = make_catalog(tmp_path, "server: {port: 8000}", variables={"VLLM_URL": address})
        await catalog.discover(upstreams)
        assert {request.url for request in upstreams.asked} == {"http://localhost:11434/models"}
        finding = finding_of(catalog, "vllm")
        assert (finding.outcome, finding.detail) == ("skipped", "VLLM_URL is Turnout's own address")


class TestWhatIsServed:
    async def test_the_models_of_whoever_answers(self, tmp_path: Path) -> None:
        catalog = await discovered(tmp_path, openai=["gpt-4o", "o3"], vllm=["meta/llama"])
        assert names(catalog) == ["echo", "meta/llama", "gpt-4o", "o3"]
        assert only(catalog, "gpt-4o").api_key == Secret("sk-openai-secret")
        assert only(catalog, "meta/llama").service_defaults.max_tokens == 512

    async def test_a_model_of_two_providers_has_a_deployment_at_each(self, tmp_path: Path) -> None:
        """Local servers first, whoever answered first."""
        catalog = await discovered(tmp_path, openai=["shared"], vllm=["shared"], ollama=["shared"])
        assert [deployment.id for deployment in catalog.snapshot.find("shared").deployments] == [
            "ollama/shared",
            "vllm/shared",
            "openai/shared",
        ]

    async def test_configured_names_are_never_shadowed(self, tmp_path: Path) -> None:
        text = "models: {gpt-4o: anthropic/x}\naliases: {o3: gpt-4o}\nagents: {echo: {API_TYPE: openai, API_MODEL: y}}"
        catalog = await discovered(tmp_path, text, openai=["gpt-4o", "o3", "other"])
        assert names(catalog) == ["gpt-4o", "echo", "other", "o3"]
        assert [only(catalog, name).id for name in ("gpt-4o", "o3", "echo")] == [
            "anthropic/x",
            "anthropic/x",
            "openai/y",
        ]

    async def test_latest_can_be_left_out(self, tmp_path: Path) -> None:
        catalog = await discovered(tmp_path, ollama=["llama3:latest", "qwen:7b"], vllm=["qwen"])
        assert catalog.snapshot.find("llama3") is catalog.snapshot.find("llama3:latest")
        assert catalog.snapshot.aliases == {"llama3": "llama3:latest"}

    async def test_aliases_and_fallbacks_wait_for_discovery(self, tmp_path: Path) -> None:
        """Until the model is discovered, they are reported as a problem and not tried."""
        text = "models:\n  fast:\n    deployments: [openai/x]\n    fallbacks: [llama3]\naliases:\n  local: llama3"
        catalog = make_catalog(tmp_path, text)
        problem = "expected the name of a model; none has this name, and discovery has not found one yet"
        file = tmp_path / "turnout.yaml"
        assert catalog.state().problems == (
            f"{file}:6: aliases.local: {problem}",
            f"{file}:4: models.fast.fallbacks[0]: {problem}",
        )
        assert catalog.state().ok
        assert catalog.snapshot.find("fast").fallbacks == ()
        await catalog.discover(Upstreams(ollama=["llama3:latest"]))
        assert catalog.state().problems == ()
        assert catalog.snapshot.find("fast").fallbacks == ("llama3",)
        assert catalog.snapshot.find("local").deployments[0].id == "ollama/llama3:latest"

    async def test_azure_serves_the_deployment_that_is_named(self, tmp_path: Path) -> None:
        """Its list names base models, not what was deployed under which name."""
        variables = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://azure.test"}
        catalog = make_catalog(tmp_path, variables=variables | {"AZURE_OPENAI_DEPLOYMENT": "mine"})
        await catalog.discover(Upstreams(azure=["gpt-4o", "gpt-4"]))
        assert (names(catalog), only(catalog, "mine").id) == (["echo", "mine"], "azure/mine")
        unnamed = make_catalog(tmp_path, variables=variables)
        await unnamed.discover(Upstreams(azure=["gpt-4o"]))
        assert (names(unnamed), finding_of(unnamed, "azure").outcome) == (["echo"], "found")

    async def test_nothing_under_the_names_of_a_pattern(self, tmp_path: Path) -> None:
        """A name in the file wins. A model to which an alias leads is served under its own name, too."""
        text = "models: {fast: ollama/x}\naliases: {'gpt-*': fast, 'mini-*': mini-1, nano: gpt-nano}"
        catalog = make_catalog(tmp_path, text, variables=OPENAI_KEY)
        await catalog.discover(Upstreams(openai=["gpt-5", "gpt-nano", "mini-1", "mini-2", "other"]))
        names = ("gpt-5", "gpt-nano", "mini-1", "mini-2", "other")
        found = [catalog.snapshot.find(name).name for name in names]
        assert found == ["fast", "gpt-nano", "mini-1", "mini-1", "other"]


class TestFindings:
    @pytest.mark.parametrize(
        ("reply", "outcome", "detail"),
        [
            pytest.param(["a", "b"], "found", "", id="found"),
            pytest.param([], "found", "", id="nothing-there"),
            pytest.param(None, "unreachable", "https://openai.test/v1/models refused the connection.", id="refused"),
            pytest.param(UpstreamTimeout("too slow"), "timeout", "too slow", id="timeout"),
            pytest.param(
                (401, b"no such key sk-openai-secret"), "unauthorized", "openai answered 401: no such key ***", id="401"
            ),
            pytest.param((404, b"what?"), "refused", "openai answered 404: what?", id="404"),
        ],
    )
    async def test_what_came_of_asking(self, tmp_path: Path, reply: Reply | None, outcome: str, detail: str) -> None:
        """Each provider's outcome is kept, without the key that some of them quote."""
        catalog = await discovered(tmp_path, None, **({} if reply is None else {"openai": reply}))
        finding = finding_of(catalog, "openai")
        assert (finding.outcome, finding.detail, finding.key_source) == (outcome, detail, "OPENAI_API_KEY")
        assert finding.models == (("a", "b") if reply == ["a", "b"] else ())

    async def test_what_is_no_list_of_models(self, tmp_path: Path) -> None:
        catalog = await discovered(tmp_path, vllm=(200, b"<html>"))
        assert finding_of(catalog, "vllm").outcome == "unreadable"
        assert finding_of(catalog, "vllm").detail.startswith("what it sent is not a list of models")

    def test_before_anyone_answered(self, tmp_path: Path) -> None:
        assert {finding.outcome for finding in make_catalog(tmp_path).state().discovery} == {"asking"}


class TestAskingAgain:
    async def test_local_servers_and_whoever_did_not_answer(self, tmp_path: Path) -> None:
        """A cloud provider that answered is left alone; a local one may have pulled another model."""
        catalog = make_catalog(tmp_path, variables=OPENAI_KEY | {"ANTHROPIC_API_KEY": "k"})
        await catalog.discover(Upstreams(openai=["gpt-4o"], ollama=["a"]))
        again = Upstreams(ollama=["a", "b"], anthropic=["claude"])
        await catalog.discover(again)
        assert {request.url for request in again.asked} == {
            f"{ADDRESSES[name]}/models" for name in ("ollama", "vllm", "anthropic")
        }
        assert names(catalog) == ["echo", "a", "b", "claude", "gpt-4o"]

    async def test_a_server_that_is_gone_keeps_its_models(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path)
        await catalog.discover(Upstreams(ollama=["a"]))
        await catalog.discover(Upstreams())
        assert names(catalog) == ["echo", "a"]
        assert (finding_of(catalog, "ollama").outcome, finding_of(catalog, "ollama").models) == ("unreachable", ("a",))

    async def test_the_snapshot_is_swapped_only_when_models_change(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path)
        await catalog.discover(Upstreams(ollama=["a"]))
        before = catalog.snapshot
        await catalog.discover(Upstreams(ollama=["a"]))
        assert catalog.snapshot is before

    async def test_one_that_hangs_holds_up_nobody(self, tmp_path: Path) -> None:
        """Models are served as each provider answers."""
        catalog = make_catalog(tmp_path, variables=OPENAI_KEY)
        quick, swapped = Upstreams(openai=["gpt-4o"]), asyncio.Event()

        async def fetch(request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
            if "11434" in request.url:
                await asyncio.Event().wait()
            return await quick(request, seconds)

        swap = catalog._replace_snapshot

        async def swap_and_tell() -> None:
            await swap()
            swapped.set()

        catalog._replace_snapshot = swap_and_tell  # type: ignore[method-assign]  # tells when
        asking = asyncio.create_task(catalog.discover(fetch))
        await asyncio.wait_for(swapped.wait(), 5)
        assert names(catalog) == ["echo", "gpt-4o"]
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    async def test_it_goes_on_by_itself(self, tmp_path: Path) -> None:
        """A local server that is started later is found by the running catalog."""
        catalog = make_catalog(tmp_path)
        rounds, finding = 0, asyncio.Event()

        async def fetch(request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
            nonlocal rounds
            if "11434" not in request.url:
                raise UpstreamUnreachable("nobody there")
            rounds += 1
            if rounds == 1:
                raise UpstreamUnreachable("nobody there yet")
            if rounds == 3:
                finding.set()
            return 200, {}, b'["late"]'

        running = asyncio.create_task(catalog.run(fetch, ask_seconds=0.01))
        await asyncio.wait_for(finding.wait(), 5)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert names(catalog) == ["echo", "late"]


async def test_a_name_that_leads_nowhere_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Discovery can still find the name. So the log has nothing before every provider was asked."""
    catalog = make_catalog(
        tmp_path, "models: {local: {deployments: [ollama/x], fallbacks: [lokal]}}\naliases: {AGENT: gpt-4o}"
    )
    rounds, asked_twice = 0, asyncio.Event()

    async def fetch(request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        nonlocal rounds
        if "11434" not in request.url:
            raise UpstreamUnreachable("nobody there")
        rounds += 1
        if rounds == 3:
            asked_twice.set()
        return 200, {}, b'["gpt-4o"]'

    running = asyncio.create_task(catalog.run(fetch, ask_seconds=0.01))
    await asyncio.wait_for(asked_twice.wait(), 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    (message,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert "models.local.fallbacks[0]: expected the name of a model; none has this name" in message
    assert message.endswith("did you mean 'local'?")


def test_an_alias_is_not_another_provider(tmp_path: Path) -> None:
    """The registry lists a provider under each of its names; it is asked once."""
    providers: dict[str, Provider] = {"openai": OPENAI, "claude": ANTHROPIC, **PROVIDERS}
    catalog = make_catalog(tmp_path, variables={"ANTHROPIC_API_KEY": "k"}, providers=providers)
    assert [finding.provider for finding in catalog.state().discovery] == ["ollama", "vllm", "anthropic"]
