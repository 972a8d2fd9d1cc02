"""The gateways that Turnout is compared with. Each has a fixed version, and is installed at its first use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import yaml

from bench.exchange import MODEL
from bench.systems import System, Turnout, cache
from bench.upstream import nginx
from tests.support.node import node, npm
from tests.support.process import Program, free_port


class Nginx(System):
    """The lower bound: a reverse proxy that reads nothing of the request."""

    name = "nginx"

    def start(self) -> Program:
        upstream = self.upstream.removeprefix("http://").removesuffix("/v1")
        buffering = "off" if self.stream else "on"
        return nginx(
            self.name,
            self.folder,
            f"""upstream up {{ server {upstream}; keepalive 256; keepalive_requests 10000000; }}
            server {{ listen 127.0.0.1:{self.port} backlog=4096; location / {{
                proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
                proxy_buffering {buffering}; }} }}""",
        )


class TensorZero(System):
    """A gateway in Rust. Its wheel has the server. Its observability is switched off."""

    name = "tensorzero"
    model = f"tensorzero::model_name::{MODEL}"

    def install(self) -> None:
        self.python = venv(self.name, "tensorzero==2026.6.0") / "bin/python"

    def start(self) -> Program:
        config = self.folder / "tensorzero.toml"
        config.write_text(f"""\
gateway.observability.enabled = false
[models."{MODEL}"]
routing = ["upstream"]
[models."{MODEL}".providers.upstream]
type = "openai"
model_name = "{MODEL}"
api_base = "{self.upstream}/"
api_key_location = "none"
""")
        script = self.folder / "tensorzero_gateway.py"
        script.write_text(f"""\
import signal
from tensorzero.tensorzero import _start_http_gateway
gateway = _start_http_gateway(
    config_file={str(config)!r}, clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False
)
print("serving at", gateway.base_url, flush=True)
signal.pause()
""")
        program = self.spawn(self.python, script)
        self.url = program.wait_for_log(r"serving at (\S+)")[1] + "/chat/completions"
        return program


class Smg(System):
    """A gateway in Rust that routes to workers; it stores no history here."""

    name = "smg"

    def install(self) -> None:
        self.program = venv(self.name, "smg==1.13.0") / "bin/smg"

    def start(self) -> Program:
        return self.spawn(
            *(self.program, "launch", "--worker-urls", self.upstream.removesuffix("/v1")),
            *("--host", "127.0.0.1", "--port", str(self.port), "--policy", "round_robin", "--log-level", "error"),
            *("--prometheus-host", "127.0.0.1", "--prometheus-port", str(free_port()), "--history-backend", "none"),
        )


class Portkey(System):
    """A gateway in TypeScript. This version fails on streams, under Node 20 as under 24: "TypeError: immutable"."""

    name = "portkey"
    streams = False

    def install(self) -> None:
        self.server = npm_package(self.name, "@portkey-ai/gateway@1.15.2") / "build/start-server.js"

    def start(self) -> Program:
        config = {"provider": "openai", "api_key": "sk-upstream", "custom_host": self.upstream}
        self.headers = {"x-portkey-config": json.dumps(config)}
        return self.spawn(node(), self.server, f"--port={self.port}", "--headless")


class LiteLlm(System):
    """The most popular proxy, with its master key and without a database."""

    name = "litellm"
    key = "sk-bench-master-key"

    def install(self) -> None:
        self.program = venv(self.name, "litellm[proxy]==1.108.7") / "bin/litellm"

    def start(self) -> Program:
        upstream = {"model": f"openai/{MODEL}", "api_base": self.upstream, "api_key": "sk-upstream"}
        config = self.folder / "litellm.yaml"
        settings = {
            "model_list": [{"model_name": MODEL, "litellm_params": upstream}],
            "general_settings": {"master_key": self.key},
            "litellm_settings": {"telemetry": False},
        }
        config.write_text(yaml.safe_dump(settings))
        self.headers = {"Authorization": f"Bearer {self.key}"}
        return self.spawn(
            self.program,
            *("--config", str(config), "--host", "127.0.0.1", "--port", str(self.port), "--num_workers", "1"),
            LITELLM_LOCAL_MODEL_COST_MAP="True",
            LITELLM_LOG="ERROR",
            LITELLM_MODE="PRODUCTION",
        )


SYSTEMS: dict[str, type[System]] = {s.name: s for s in (Turnout, Nginx, Smg, TensorZero, Portkey, LiteLlm)}


def venv(name: str, pin: str) -> Path:
    """A new virtual environment with ``pin`` in it."""
    folder = cache() / name
    done = folder / f"installed {pin}"
    if not done.exists():
        print(f"installing {pin} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", pin], check=True)
        done.touch()
    return folder


def npm_package(name: str, pin: str) -> Path:
    """A Node package's folder."""
    folder = cache() / name
    package, _, version = pin.rpartition("@")
    installed = folder / "node_modules" / package
    manifest = installed / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != version:
        print(f"installing {pin} …", file=sys.stderr)
        folder.mkdir(exist_ok=True)
        subprocess.run([*npm(), "install", "--silent", "--prefix", folder, pin], check=True)
    return installed
