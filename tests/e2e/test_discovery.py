"""Zero configuration: no file, only an environment that says where providers are."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.backends import AZURE_VERSION, simulator_address
from tests.e2e.clients import Client
from tests.e2e.stage import PATIENCE
from tests.simulator.raw import ask as ask_raw
from tests.support.process import Program, free_port
from tests.support.simulator import Simulator
from tests.support.turnout_server import COMMAND, NO_LOCAL_SERVERS, NOBODY

Start = Callable[[Mapping[str, str]], str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """``turnout serve`` in an empty folder; its address."""
    programs: list[Program] = []

    def started(environ: Mapping[str, str]) -> str:
        port = free_port()
        command = f"cd {tmp_path} && exec {COMMAND} serve --port {port}"
        environ = NO_LOCAL_SERVERS | dict(environ) | {"HOME": str(tmp_path)}
        program = Program("turnout serve", ["sh", "-c", command], tmp_path / "turnout.log", environ)
        programs.append(program)
        program.wait_until_ready(port, "/ping")
        return f"http://127.0.0.1:{port}"

    yield started
    for program in programs:
        program.kill()


@pytest.fixture
def everything(simulator: Simulator) -> dict[str, str]:
    """The environment of somebody who has them all."""
    return {
        "OLLAMA_URL": simulator_address(simulator, "ollama"),
        "LLAMA_CPP_URL": simulator_address(simulator, "llamacpp"),
        "VLLM_URL": simulator_address(simulator, "vllm"),
        "OPENAI_API_KEY": "sk-1",
        "OPENAI_BASE_URL": simulator_address(simulator, "openai"),
        "ANTHROPIC_API_KEY": "sk-ant-1",
        "ANTHROPIC_BASE_URL": simulator_address(simulator, "anthropic"),
        "AZURE_OPENAI_API_KEY": "az-1",
        "AZURE_OPENAI_ENDPOINT": simulator_address(simulator, "azure"),
        "AZURE_OPENAI_API_VERSION": AZURE_VERSION,
        "AZURE_OPENAI_DEPLOYMENT": "my-deployment",
    }


async def findings(url: str) -> dict[str, Any]:
    """By provider."""
    health = (await ask_raw(f"{url}/health")).json
    return {finding["provider"]: finding for finding in health["parts"]["catalog"]["discovery"]}


async def findings_once_all_answered(url: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while True:
        found = await findings(url)
        if all(finding["outcome"] != "asking" for finding in found.values()):
            return found
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_providers_that_the_environment_names_are_found_and_answer(
    start: Start, everything: dict[str, str], dialect: str
) -> None:
    url = start(everything)
    findings = await findings_once_all_answered(url)
    assert {name: finding["outcome"] for name, finding in findings.items()} == dict.fromkeys(
        ("anthropic", "azure", "llamacpp", "ollama", "openai", "vllm"), "found"
    )
    client = Client(dialect, url)
    listed = {model.id async for model in client.sdk.models.list()}
    assert {"echo", "sim", "sim:latest", "my-deployment"} <= listed
    for model in ("sim", "sim:latest", "my-deployment", *(f"{provider}/sim" for provider in findings)):
        assert (await client.ask(model, "Hello.", stream=True)).text == "You said: Hello."


async def test_a_model_that_several_serve_falls_back_among_them(start: Start, everything: dict[str, str]) -> None:
    """Local servers come first."""
    url = start(everything)
    await findings_once_all_answered(url)
    headers = await Client("openai", url).headers("sim", "Hello.")
    assert headers["x-turnout-provider"] == "llamacpp"


async def test_echo_is_served_when_nothing_else_is_found(start: Start) -> None:
    url = start({})
    findings = await findings_once_all_answered(url)
    assert {finding["outcome"] for finding in findings.values()} == {"unreachable"}
    client = Client("anthropic", url)
    assert [model.id async for model in client.sdk.models.list()] == ["echo"]
    assert (await client.ask("echo", "Hello there.")).text == "Hello there."
    with pytest.raises(client.error("APIStatusError"), match=f"{NOBODY} refused the connection. Is it running"):
        await client.ask("ollama/llama3", "Hello.")


async def test_a_provider_that_does_not_answer_delays_no_other(start: Start, everything: dict[str, str]) -> None:
    """The server is ready and the others are found while one is still being asked."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        url = start(everything | {"OLLAMA_URL": address})
        deadline = time.monotonic() + PATIENCE
        while (found := await findings(url))["openai"]["outcome"] != "found":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert found["ollama"]["outcome"] == "asking"
        assert (await Client("openai", url).ask("sim", "Hello.")).text == "You said: Hello."
