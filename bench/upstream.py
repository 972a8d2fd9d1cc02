"""The upstream of every system under test: nginx with one fixed reply, or a stream of fixed events."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.exchange import SERVER_FACTS, whole_reply
from tests.support.process import Program, free_port

GAP_SECONDS = 0.005  # between two events; 32 callers then get at most 6,400 events a second

NGINX = """\
worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 10000000; client_body_temp_path {folder}; proxy_temp_path {folder};
    fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    {block}
}}
"""


class Upstream:
    """A running upstream on OpenAI's wire at ``url``."""

    def __init__(self, port: int, *, stream: bool) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.stream = stream
        self._port = port

    def events_sent(self) -> int:
        """The number of events streamed so far."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", "/")
            return int(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def upstream(folder: Path, *, stream: bool, endpoint: str = "") -> Iterator[Upstream]:
    """An upstream for as long as it is needed; ``endpoint`` is the path of the wire that it streams on."""
    port = free_port()
    program = _streaming(folder, port, endpoint) if stream else _fixed(folder, port)
    try:
        program.wait_until_ready(port, "/")
        yield Upstream(port, stream=stream)
    finally:
        program.kill()


def nginx(name: str, folder: Path, block: str) -> Program:
    """An nginx with one worker; ``block`` is the content of its http block."""
    conf = folder / f"{name}.conf"
    conf.write_text(NGINX.format(folder=folder, name=name, block=block))
    return Program(name, ["nginx", "-c", conf, "-e", folder / f"{name}.error.log"], folder / f"{name}.log")


def _fixed(folder: Path, port: int) -> Program:
    answer = f"default_type application/json; return 200 '{whole_reply()}';"
    facts = (
        f"location ~ ^/(v1/models|version|health)$ {{ default_type application/json; return 200 '{SERVER_FACTS}'; }}"
    )
    listen = f"listen 127.0.0.1:{port} backlog=4096; client_max_body_size 64m"
    block = f"server {{ {listen}; {facts} location / {{ {answer} }} }}"
    return nginx("upstream", folder, block)


def _streaming(folder: Path, port: int, endpoint: str) -> Program:
    command = [sys.executable, "-m", "bench.sse_upstream", str(port), str(GAP_SECONDS)]
    if endpoint:
        command.append(endpoint)
    return Program("upstream", command, folder / "upstream.log")
