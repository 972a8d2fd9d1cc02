"""``turnout doctor`` finds mistakes, says what to do, and shows no secrets."""

from __future__ import annotations

import io
import os
import re
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from tests.cli.support import invoke, run
from tests.library.support import LOCAL, UNPRICED, configured, written
from tests.support.process import free_port
from tests.support.simulator import Simulator
from tests.support.turnout_server import NOBODY, StartTurnout
from turnout.catalog import discovery
from turnout.cli.doctor import answers
from turnout.cli.doctor.check import Check, Section
from turnout.cli.doctor.report import print_report
from turnout.facts import Lifecycle, lookup

SECRET = "sk-SECRET-0123456789"


class Report:
    """What it printed: ``ok``, ``notes`` and ``wrong`` are the lines by their marks."""

    def __init__(self, text: str, status: int) -> None:
        self.text = text
        self.status = status
        self.ok, self.notes, self.wrong = (
            [line[4:] for line in text.splitlines() if line.startswith(f"  {mark} ")] for mark in "✓-✗"
        )


@pytest.fixture(autouse=True)
def free_default_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", str(free_port()))


def doctor(*words: str) -> Report:
    result = invoke("doctor", *words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return Report(result.stdout, result.exit_code)


def of_this_machine() -> Report:
    """Nobody is asked."""
    return doctor("--config", written("quiet.yaml", "discovery: false"))


def the_only(lines: list[str]) -> str:
    (line,) = lines
    return line


@contextmanager
def server(answer: bytes | None) -> Iterator[str]:
    """Gives every request the same bytes, or none at all and no end; its URL."""
    done = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            if answer is None:
                done.wait()
            else:
                self.request.sendall(answer)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}"
        finally:
            done.set()
            running.shutdown()


def reply(status: str, body: str) -> bytes:
    """``body`` may hold bytes that are no text, as lone surrogates."""
    content = body.encode(errors="surrogateescape")
    head = f"HTTP/1.1 {status}\r\ncontent-length: {len(content)}\r\ncontent-type: application/json\r\n\r\n"
    return head.encode() + content


def test_a_narrow_report_keeps_addresses_and_commands_whole() -> None:
    """People copy them. A long one is longer than the line."""
    address, command = "http://gpu-box-number-seven:11434/a-rather-long-path", "--data-dir"
    text = f"Ollama at {address} did not answer, so try turnout doctor {command} elsewhere"
    printed = io.StringIO()
    sections = [Section("Places", [Check("wrong", text)]), Section("Empty", [])]
    print_report(Console(file=printed, width=30), sections)
    lines = printed.getvalue().splitlines()
    assert {address, command} <= {word for line in lines for word in line.split()}
    assert (lines[0], lines[1], lines[-2:]) == ("Places", "  ✗ Ollama at", ["", "1 thing to mend."])
    assert all(line.startswith("    ") for line in lines[2:-2])


def test_a_terminal_shows_marks_in_colours() -> None:
    printed = io.StringIO()
    console = Console(file=printed, width=80, force_terminal=True, color_system="standard", highlight=False)
    print_report(console, [Section("Places", [Check("ok", "a"), Check("note", "b"), Check("wrong", "c")])])
    assert printed.getvalue().splitlines() == [
        "\x1b[1mPlaces\x1b[0m",
        "\x1b[32m  ✓ \x1b[0ma",
        "\x1b[33m  - \x1b[0mb",
        "\x1b[1;31m  ✗ \x1b[0mc",
        "",
        "\x1b[1;31m1 thing to mend.\x1b[0m",
    ]


# --- when all is well -------------------------------------------------------------------------------


def test_a_bare_machine_is_well_and_told_how_to_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLLAMA_URL", "LLAMA_CPP_URL", "VLLM_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(answers, "fetch", _nobody_there)
    report = doctor()
    assert (report.status, report.wrong) == (0, [])
    assert report.text.endswith("Everything is well.\n")
    ollama = next(line for line in report.notes if line.startswith("Ollama"))
    assert ollama == (
        "Ollama at http://localhost:11434 refused the connection. If you want it, start it with: ollama serve"
    )
    assert re.search(r"No real model is served yet\. Set one of .*OPENAI_API_KEY.*start one of .*Ollama", report.text)


async def _nobody_there(*_: object) -> None:
    from turnout.errors import UpstreamUnreachable

    raise UpstreamUnreachable("http://localhost:11434 refused the connection.")


def test_what_was_found_is_listed(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_URL", simulator.root)
    monkeypatch.setenv("LLAMA_CPP_URL", f"{simulator.root}/llamacpp/v1")
    monkeypatch.setenv("VLLM_URL", f"{simulator.root}/vllm/v1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", simulator.root)
    report = doctor()
    assert (report.status, report.wrong) == (0, [])
    names = "sim, sim-tools, sim-parallel-tools, sim-thinking, sim-cached"
    assert f"Anthropic at {simulator.root}, key from ANTHROPIC_API_KEY: 5 models ({names})." in report.ok
    assert f"vLLM at {simulator.root}: 5 models ({names})." in report.ok
    assert len([line for line in report.ok if simulator.root in line]) == 4


def test_a_good_configuration_is_named_and_its_models_too(simulator: Simulator) -> None:
    path = configured(
        simulator.root,
        {"fast": {"deployments": ["openai/sim", "ollama/sim"], "price": {"input": 1, "output": 1}}},
        discovery=False,
        keys=[{"key": SECRET}],
    )
    report = doctor("--config", path)
    assert (report.status, report.wrong) == (0, [])
    assert the_only(report.notes).startswith("turnout.yaml: holds secrets, and others on this machine may read it")
    assert "read from turnout.yaml" in report.ok
    assert "an API key is required; known: 1" in report.ok
    assert "configured: fast" in report.ok


def test_tokens_in_place_of_keys_are_told(simulator: Simulator) -> None:
    """And no first admin key is spoken of. A list of keys that is read without TLS is noted."""
    jwt = {"jwks_url": "http://sso.example/certs", "issuer": "https://sso.example"}
    models = {"fast": {"deployments": ["openai/sim"], "price": {"input": 1, "output": 1}}}
    report = doctor("--config", configured(simulator.root, models, discovery=False, auth={"jwt": jwt}))
    assert (report.status, report.wrong) == (0, [])
    assert "a token (JWT) is required: 'auth.jwt' says who may sign them" in report.ok
    assert "auth.jwt.jwks_url: is read without TLS" in the_only(report.notes)


def test_a_place_is_asked_once_however_many_deployments_share_it() -> None:
    requests = []

    class Counting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            requests.append(self.request.recv(65536).split(b"\r\n")[0])
            self.request.sendall(reply("200 OK", '{"data": [{"id": "a"}, {"id": "b"}]}'))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Counting) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{running.server_address[1]}"
        deployments = [
            {"provider": "openai", "model": model, "base_url": url, "api_key": key}
            for model, key in (("a", "sk-1"), ("b", "sk-1"), ("a", "sk-2"))
        ]
        configured("", {"m": {"deployments": deployments}}, discovery=False)
        report = doctor()
        running.shutdown()
    assert requests == [b"GET /v1/models HTTP/1.1"] * 2  # two keys
    assert report.status == 0


# --- what is wrong with providers -------------------------------------------------------------------


@pytest.mark.parametrize("provider", LOCAL)
def test_a_local_server_that_was_asked_for_is_told_how_to_start(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = {"ollama": "OLLAMA_URL", "llamacpp": "LLAMA_CPP_URL", "vllm": "VLLM_URL"}[provider]
    for name in ("OLLAMA_URL", "LLAMA_CPP_URL", "VLLM_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv(variable, NOBODY)
    report = doctor()
    assert report.status == 1
    program = {"ollama": "ollama serve", "llamacpp": "llama-server -m", "vllm": "vllm serve"}[provider]
    assert re.search(rf"at {NOBODY} refused the connection\. Start it with: {program}", the_only(report.wrong))


def test_a_configured_server_that_is_not_there_is_wrong() -> None:
    deployment = {"provider": "ollama", "model": "llama3", "base_url": NOBODY}
    configured("", {"m": {"deployments": [deployment]}}, discovery=False)
    report = doctor()
    assert (report.status, report.wrong) == (
        1,
        [f"Ollama at {NOBODY} refused the connection. Start it with: ollama serve"],
    )


def test_a_refused_key_names_its_variable_and_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    body = f'{{"error": {{"message": "Incorrect API key provided: {SECRET}."}}}}'
    with server(reply("401 Unauthorized", body)) as url:
        monkeypatch.setenv("OPENAI_API_KEY", SECRET)
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        report = doctor()
    assert report.status == 1
    wrong = next(line for line in report.wrong if line.startswith("OpenAI"))
    assert "Incorrect API key provided: ***." in wrong
    assert "Check the key in OPENAI_API_KEY." in wrong
    assert SECRET not in report.text


def test_its_own_address_is_not_asked_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a variable is set for the clients of this machine."""
    address = f"http://127.0.0.1:{os.environ['PORT']}"
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
    report = doctor()
    assert f"OpenAI is not looked for at {address}: OPENAI_BASE_URL is Turnout's own address." in report.notes


def test_a_missing_key_says_where_to_put_one(simulator: Simulator) -> None:
    with server(reply("401 Unauthorized", '{"error": {"message": "no key"}}')) as url:
        deployment = {"provider": "openai", "model": "m", "base_url": url}
        configured("", {"m": {"deployments": [deployment]}}, discovery=False)
        report = doctor()
    assert "No key is set: put it into OPENAI_API_KEY." in the_only(report.wrong)


def test_keys_that_were_mixed_up_are_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(reply("401 Unauthorized", "{}")) as url:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-ant-SECRET-123")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        report = doctor()
    assert "It looks like a key of Anthropic." in report.text
    assert "SECRET" not in report.text


def test_a_key_that_cannot_be_tried_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "fetch", _nobody_there)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "pk-SECRET-123")
    report = doctor()
    wrong = next(line for line in report.wrong if line.startswith("Anthropic"))
    assert "The key in ANTHROPIC_API_KEY does not begin with 'sk-ant-' as this provider's keys do." in wrong
    assert "SECRET" not in report.text


def test_secrets_in_addresses_and_headers_are_not_printed() -> None:
    body = '{"error": {"message": "header Bearer SECRET-h is bad"}}'
    with server(reply("500 Oh", body)) as url:
        address = url.replace("http://", "http://me:SECRET-u@")
        headers = {"x-proxy-auth": "Bearer SECRET-h"}
        deployment = {"provider": "compatible", "model": "m", "base_url": f"{address}/v1?token=SECRET-q"}
        configured("", {"m": {"deployments": [deployment], "headers": headers}}, discovery=False)
        report = doctor()
    assert report.status == 1
    assert "SECRET" not in report.text


@pytest.mark.parametrize("place", ["environment", "file"])
def test_the_proxy_of_a_provider_is_told(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    with server(reply("200 OK", '{"data": [{"id": "m"}]}')) as url:
        proxy = url.replace("http://", "http://me:SECRET-p@")
        deployment = {"provider": "compatible", "model": "m", "base_url": "http://llm.test/v1"}
        if place == "environment":
            monkeypatch.setenv("HTTP_PROXY", proxy)
        else:
            deployment["proxy"] = proxy
        configured("", {"m": {"deployments": [deployment]}}, discovery=False)
        report = doctor()
    assert f"at http://llm.test, through the proxy {url}: 1 model (m)." in next(
        line for line in report.ok if "llm" in line
    )
    assert "SECRET" not in report.text


def test_a_proxy_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = {"provider": "compatible", "model": "m", "base_url": "http://llm.test/v1"}
    configured("", {"m": {"deployments": [deployment]}}, discovery=False)
    for proxy, problem in (
        (f"http://me:SECRET-p@127.0.0.1:{free_port()}", "refused the connection"),
        ("socks5://me:SECRET-p@127.0.0.1:1080", "The proxy 'socks5://127.0.0.1:1080' can't be used"),
    ):
        monkeypatch.setenv("ALL_PROXY", proxy)
        report = doctor()
        assert problem in the_only(report.wrong)
        assert "SECRET" not in report.text


def test_a_server_without_a_list_of_models_is_no_fault() -> None:
    with server(reply("404 Not Found", "{}")) as url:
        deployment = {"provider": "compatible", "model": "m", "base_url": url}
        configured("", {"m": {"deployments": [deployment], "price": {"input": 0, "output": 0}}}, discovery=False)
        report = doctor()
    assert (report.status, report.wrong) == (0, [])
    assert "it answers, but does not list its models, so names can't be checked." in the_only(report.notes)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        pytest.param(reply("503 Busy", '{"error": {"message": "overloaded"}}'), "503: overloaded", id="an error"),
        pytest.param(reply("200 OK", "<html>"), "something that is no list of models", id="another service"),
        pytest.param(reply("200 OK", '{"data": [{"id": "\udcff"}]}'), "no list of models", id="bad UTF-8"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", "sent what isn't HTTP", id="another protocol"),
        pytest.param(b"", "closed the connection before it answered", id="nothing"),
    ],
)
def test_an_answer_that_is_none_is_told(answer: bytes, complaint: str) -> None:
    with server(answer) as url:
        deployment = {"provider": "compatible", "model": "m", "base_url": url}
        configured("", {"m": {"deployments": [deployment]}}, discovery=False)
        report = doctor()
    assert report.status == 1
    assert complaint in the_only(report.wrong)


def test_discovery_survives_a_list_that_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(reply("200 OK", '{"models": [{"name": "\udcff"}]}')) as url:
        monkeypatch.setenv("OLLAMA_URL", url)
        report = doctor()
    assert any(line.startswith(f"Ollama at {url} answered with something that is no list") for line in report.wrong)


def test_servers_that_never_answer_take_no_longer_together_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(discovery, "ANSWER_SECONDS", 0.3)
    with server(None) as one, server(None) as two, server(None) as three:
        deployments = [{"provider": "openai", "model": "m", "base_url": url} for url in (one, two, three)]
        configured("", {"m": {"deployments": deployments}}, discovery=False)
        began = time.monotonic()
        report = doctor()
        took = time.monotonic() - began
    assert (report.status, took < 0.8) == (1, True)
    assert len([line for line in report.wrong if "did not answer within 0.3 s." in line]) == 3


# --- what is wrong with models ----------------------------------------------------------------------


def listing(*models: str) -> bytes:
    return reply("200 OK", '{"data": [%s]}' % ", ".join(f'{{"id": "{model}"}}' for model in models))  # noqa: UP031


def checked(model: str, *listed: str, provider: str = "openai") -> Report:
    with server(listing(*listed)) as url:
        deployment = {"provider": provider, "model": model, "base_url": url, "api_key": "sk-test"}
        configured("", {"m": {"deployments": [deployment], "price": {"input": 1, "output": 1}}}, discovery=False)
        return doctor()


def test_a_model_that_the_provider_does_not_list_is_wrong_and_close_ones_are_named() -> None:
    report = checked("gpt-6-lnua", "gpt-6-luna", "gpt-6-sol", "whisper-1")
    assert report.status == 1
    expected = "m (openai/gpt-6-lnua): OpenAI does not list 'gpt-6-lnua'. Close ones: gpt-6-luna, gpt-6-sol."
    assert the_only(report.wrong) == expected


def test_without_close_names_some_are_told() -> None:
    assert the_only(checked("zzz", *"abcdefg").wrong).endswith("Listed are: a, b, c, d, e and 2 more.")


def retire(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    life = Lifecycle(shutdown_date=day, replacement="new")
    monkeypatch.setattr(lookup, "_LIFECYCLES", {"openai": {"old": life}})


def test_a_model_that_was_switched_off_says_when_and_what_replaces_it(monkeypatch: pytest.MonkeyPatch) -> None:
    retire(monkeypatch, date(2024, 1, 4))
    wrong = the_only(checked("old", "new").wrong)
    assert wrong.endswith("does not list 'old'. old was switched off on 2024-01-04. Its provider recommends new.")


def test_a_model_that_will_be_switched_off_is_worth_knowing(monkeypatch: pytest.MonkeyPatch) -> None:
    retire(monkeypatch, date.max)
    report = checked("old", "old", "new")
    expected = "m (openai/old): old will be switched off on 9999-12-31. Its provider recommends new."
    assert (report.status, report.notes) == (0, [expected])


def test_a_listed_model_is_well_even_if_its_provider_switched_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server of one's own that keeps an old name."""
    retire(monkeypatch, date(2024, 1, 4))
    report = checked("old", "old")
    assert (report.status, report.notes) == (0, [])


def test_a_provider_that_serves_names_it_does_not_list_is_believed() -> None:
    assert checked("anything", "model.gguf", provider="llamacpp").status == 0


@pytest.mark.parametrize(
    ("provider", "model"),
    [("ollama", "sim"), ("gemini", "sim"), ("gemini", "models/sim"), ("anthropic", "sim")],
)
def test_other_ways_to_write_a_listed_name_are_known(simulator: Simulator, provider: str, model: str) -> None:
    configured(simulator.root, {"m": f"{provider}/{model}"}, discovery=False)
    assert doctor().wrong == []


def test_a_model_without_a_price_is_worth_knowing(simulator: Simulator) -> None:
    models = {name: {"deployments": [f"{name}/sim"], "price": UNPRICED} for name in ("openai", "ollama")}
    configured(simulator.root, models, discovery=False)
    report = doctor()
    assert report.notes == ["No price is known for openai: the cost isn't counted. Give a 'price'."]


def test_a_model_to_which_nothing_is_sent_without_a_price_is_wrong(simulator: Simulator) -> None:
    models = {"m": {"deployments": ["openai/sim"], "price": UNPRICED}}
    configured(simulator.root, models, discovery=False, unpriced="refuse")
    assert doctor().wrong == ["No price is known for m: nothing is sent there. Give a 'price'."]


def test_an_alias_that_nothing_serves_is_wrong(simulator: Simulator) -> None:
    configured(simulator.root, {"fast": "openai/sim"}, aliases={"HOST_AGENT": "fasst"})
    assert "did you mean 'fast'?" in doctor().text


# --- what is wrong here -----------------------------------------------------------------------------


def test_a_mistake_in_the_configuration_is_told_with_its_line() -> None:
    wrong = "models:\n  fast: {polcy: order, deployments: [echo/echo]}\n  slow: 7\n"
    report = doctor("--config", written("wrong.yaml", wrong))
    assert report.status == 1
    assert report.wrong[0] == "wrong.yaml:2: models.fast.polcy: unknown key; did you mean 'policy'?"
    assert report.wrong[1].startswith("wrong.yaml:3: models.slow: expected")
    assert report.text.endswith("2 things to mend.\n")


def test_a_file_that_is_not_there_is_wrong() -> None:
    assert "can't be read" in the_only(doctor("--config", "nowhere.yaml").wrong)


def test_a_folder_that_cannot_be_written_to_is_wrong() -> None:
    written("file", "")
    wrong = doctor("--data-dir", "file/data").wrong
    cure = "Give another one with --data-dir, TURNOUT_DATA_DIR or 'data_dir'."
    assert f"The ledger's folder file/data can't be written to: Not a directory. {cure}" in wrong


def test_nothing_is_left_in_a_folder_that_can_be_written_to(tmp_path: Path) -> None:
    assert of_this_machine().status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["quiet.yaml"]


def test_a_port_that_something_else_holds_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(reply("200 OK", "{}")) as url:
        port = url.rpartition(":")[2]
        monkeypatch.setenv("PORT", port)
        wrong = the_only(of_this_machine().wrong)
    cure = "The environment variable PORT says so. Choose another with --port."
    assert wrong == f"Can't listen on 127.0.0.1:{port}: Address already in use. {cure}"


def test_a_turnout_that_serves_there_is_well(start_turnout: StartTurnout, monkeypatch: pytest.MonkeyPatch) -> None:
    running = start_turnout({"models": {"m": "echo/m"}, "discovery": False})
    monkeypatch.setenv("PORT", str(running.port))
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104  # the doctor listens on it for a moment at most
        monkeypatch.setenv("HOST", host)
        report = of_this_machine()
        assert report.status == 0
        assert any(re.match(rf"Turnout \S+ serves on {host}:{running.port}\.", line) for line in report.ok)


def test_a_database_of_an_unknown_kind_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "oracle://me:SECRET@host/db")
    report = of_this_machine()
    assert the_only(report.wrong).startswith("DATABASE_URL: 'oracle' is not supported")
    assert "SECRET" not in report.text


def test_an_address_that_only_needs_no_key_lets_nobody_in() -> None:
    report = doctor("--config", written("open.yaml", "server: {host: 0.0.0.0}\ndiscovery: false\n"))
    assert "an API key is required and there is none: `turnout serve` makes a first admin key." in report.notes
    assert not Path("data").exists()


def test_an_address_of_another_machine_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "192.0.2.1")  # RFC 5737: nobody's
    report = doctor("--config", written("far.yaml", "auth: {required: false}\ndiscovery: false"))
    wrong = the_only(report.wrong)
    assert wrong.startswith("Can't listen on 192.0.2.1:")
    assert wrong.endswith(". The environment variable HOST says so. Choose another with --host.")


# --- how it is shown --------------------------------------------------------------------------------


def test_in_a_pipe_each_thing_is_a_line_and_progress_is_nowhere(simulator: Simulator) -> None:
    configured(simulator.root, {"m": f"openai/{'long-' * 40}name"}, discovery=False)
    ended = run("doctor")
    assert (ended.returncode, ended.stderr.strip()) == (1, "")
    assert f"  ✗ m (openai/{'long-' * 40}name): OpenAI does not list" in ended.stdout


def test_it_can_be_read_where_only_ascii_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert "Everything is well." in run("doctor", "--config", written("quiet.yaml", "discovery: false")).stdout
