"""Requests through a real proxy: plain ones and tunnels, with and without a user."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from tests.support.authority import Authority
from tests.support.forward_proxy import ForwardProxy
from tests.support.garbage import nothing_left_for_the_collector
from tests.support.raw_upstream import RawUpstream, Visit, ok, replying
from turnout.core import Network, Secret, WireRequest
from turnout.errors import UpstreamBroken, UpstreamError, UpstreamTimeout, UpstreamUnreachable
from turnout.transport import Transport

pytestmark = pytest.mark.asyncio(loop_scope="function")


@asynccontextmanager
async def opened(variables: Mapping[str, str]) -> AsyncIterator[Transport]:
    transport = Transport(variables)
    try:
        yield transport
    finally:
        await transport.close()


async def ask(transport: Transport, url: str, network: Network | None = None) -> bytes:
    response = await transport.send(WireRequest(url, {"x-key": "sk"}, b"{}").through(network), 5)
    data = await response.read_all(10_000_000)
    response.release()
    return data


async def failure(transport: Transport, url: str, network: Network | None = None) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await ask(transport, url, network)
    return caught.value


@pytest.fixture
def tls(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of a server whose authority is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    return authority.server("DNS:llm.test,IP:127.0.0.1")


async def test_a_plain_request_names_the_whole_address() -> None:
    async with (
        RawUpstream(replying(ok(b"hi"))) as server,
        ForwardProxy(leads_to=server.port) as proxy,
        opened({"HTTP_PROXY": proxy.url}) as transport,
    ):
        assert [await ask(transport, "http://llm.test/v1/chat?a=b") for _ in range(3)] == [b"hi"] * 3
        assert proxy.first_lines[0] == "POST http://llm.test/v1/chat?a=b HTTP/1.1"
        assert len(server.visits) == len(proxy.heads) == 1  # the connection was used again
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert (b"\r\nhost: llm.test\r\n" in head, b"\r\nx-key: sk" in head, body) == (True, True, b"{}")


async def test_a_request_over_tls_goes_through_a_tunnel(tls: ssl.SSLContext) -> None:
    async with (
        RawUpstream(replying(ok(b"hi")), tls=tls) as server,
        ForwardProxy(leads_to=server.port) as proxy,
        opened({"HTTPS_PROXY": proxy.url}) as transport,
    ):
        assert [await ask(transport, "https://llm.test/v1/chat") for _ in range(3)] == [b"hi"] * 3
        assert proxy.first_lines == ["CONNECT llm.test:443 HTTP/1.1"]
        assert b"x-key" not in proxy.heads[0]
        assert server.requests[0].startswith(b"POST /v1/chat HTTP/1.1\r\nhost: llm.test\r\n")


async def test_large_bodies_pass_the_tunnel(tls: ssl.SSLContext) -> None:
    async with (
        RawUpstream(replying(ok(b"y" * 5_000_000)), tls=tls) as server,
        ForwardProxy(leads_to=server.port) as proxy,
        opened({"HTTPS_PROXY": proxy.url}) as transport,
    ):
        response = await transport.send(WireRequest("https://llm.test/v1", {}, b"x" * 5_000_000), 5)
        assert await response.read_all(10_000_000) == b"y" * 5_000_000
        assert server.requests[0].endswith(b"\r\n\r\n" + b"x" * 5_000_000)


async def test_the_proxy_may_speak_tls_itself(authority: Authority, tls: ssl.SSLContext) -> None:
    async with (
        RawUpstream(replying(ok(b"safe")), tls=tls) as secure,
        RawUpstream(replying(ok(b"plain"))) as plain,
        ForwardProxy(tls=authority.server("IP:127.0.0.1")) as proxy,
        opened({}) as transport,
    ):
        network = Network(proxy=Secret(proxy.url))
        assert await ask(transport, secure.url, network) == b"safe"
        assert await ask(transport, plain.url, network) == b"plain"
        assert [line.split("/")[0] for line in proxy.first_lines] == [
            f"CONNECT 127.0.0.1:{secure.port} HTTP",
            "POST http:",
        ]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_user_and_password_go_to_the_proxy_only(tls: ssl.SSLContext, scheme: str) -> None:
    async with (
        RawUpstream(replying(ok(b"hi")), tls=tls if scheme == "https" else None) as server,
        ForwardProxy(user="us@er:p:w", leads_to=server.port) as proxy,
        opened({}) as transport,
    ):
        network = Network(proxy=Secret(f"http://us%40er:p%3Aw@{proxy.place}"))
        assert await ask(transport, f"{scheme}://llm.test/v1", network) == b"hi"
        assert b"proxy-authorization" not in server.requests[0]
        for address, what in (
            (proxy.url, "wants a user and a password"),
            (f"http://u:secret@{proxy.place}", "refuses"),
        ):
            error = await failure(transport, f"{scheme}://llm.test/v1", Network(proxy=Secret(address)))
            assert isinstance(error, UpstreamUnreachable)
            assert error.message.startswith(f"The proxy {proxy.url} {what}")
            assert "secret" not in error.message


async def test_each_way_has_its_own_connections() -> None:
    """A request that is to go through a proxy never takes a connection that doesn't."""
    async with RawUpstream(replying(ok(b"hi"))) as server, ForwardProxy() as proxy, opened({}) as transport:
        for network in (None, Network(proxy=Secret(proxy.url)), None, Network(proxy=Secret(proxy.url))):
            assert await ask(transport, server.url, network) == b"hi"
        assert (len(server.visits), len(proxy.heads)) == (2, 1)


async def test_this_machine_is_asked_directly() -> None:
    async with RawUpstream(replying(ok(b"hi"))) as server, opened({"ALL_PROXY": "http://127.0.0.1:1"}) as transport:
        assert await ask(transport, server.url) == b"hi"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_not_there_is_named(scheme: str) -> None:
    async with opened({"ALL_PROXY": "http://user:secret@127.0.0.1:1"}) as transport:
        error = await failure(transport, f"{scheme}://llm.test/v1")
        assert isinstance(error, UpstreamUnreachable)
        assert error.message == "The proxy http://127.0.0.1:1 refused the connection."


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        pytest.param(b"HTTP/1.1 403 Forbidden\r\n\r\n", UpstreamUnreachable, "answered 403 to the request", id="403"),
        pytest.param(b"", UpstreamUnreachable, "closed the connection before it answered", id="closed"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", UpstreamBroken, "sent what isn't HTTP", id="not-http"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", UpstreamBroken, "sent what isn't HTTP", id="cut"),
        pytest.param(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 70_000, UpstreamBroken, "sent what isn't HTTP", id="endless"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nhello", UpstreamBroken, "sent something before", id="talking"),
    ],
)
async def test_a_proxy_that_opens_no_tunnel_is_an_error(answer: bytes, kind: type[UpstreamError], words: str) -> None:
    async with ForwardProxy(answer=answer) as proxy, opened({"HTTPS_PROXY": proxy.url}) as transport:
        error = await failure(transport, "https://llm.test/v1")
        assert isinstance(error, kind)
        assert error.message.startswith(f"The proxy {proxy.url} {words}")


async def test_a_server_without_tls_behind_the_tunnel_is_explained() -> None:
    async def plain(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await visit.until_left()

    async with (
        RawUpstream(plain) as server,
        ForwardProxy(leads_to=server.port) as proxy,
        opened({"HTTPS_PROXY": proxy.url}) as transport,
    ):
        error = await failure(transport, "https://llm.test/v1")
        assert error.message.startswith("https://llm.test failed the TLS handshake")


async def test_a_certificate_of_another_name_behind_the_tunnel_is_refused(tls: ssl.SSLContext) -> None:
    async with (
        RawUpstream(replying(ok()), tls=tls) as server,
        ForwardProxy(leads_to=server.port) as proxy,
        opened({"HTTPS_PROXY": proxy.url}) as transport,
    ):
        error = await failure(transport, "https://elsewhere.test/v1")
        assert "isn't trusted" in error.message
        assert server.requests == []


async def test_a_proxy_that_says_nothing_costs_the_time_to_connect() -> None:
    silent = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client leaves
        silent.set()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with opened({"HTTPS_PROXY": f"http://127.0.0.1:{port}"}) as transport:
        with pytest.raises(UpstreamTimeout, match=r"https://llm\.test could not be connected to in time"):
            await transport.send(WireRequest("https://llm.test/v1", {}, b"{}"), 0.05)
        await asyncio.wait_for(silent.wait(), 5)
    server.close()


@pytest.mark.usefixtures("earlier_objects_are_frozen")
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 403 Forbidden\r\n\r\n", b"HTTP/1.1 407 No\r\n\r\n"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nothing_of_a_refused_connection_is_left(scheme: str, answer: bytes) -> None:
    async with ForwardProxy(answer=answer) as proxy, opened({"ALL_PROXY": proxy.url}) as transport:
        with nothing_left_for_the_collector():
            await _fail_quietly(transport, f"{scheme}://llm.test/v1")


async def _fail_quietly(transport: Transport, url: str) -> None:
    try:
        response = await transport.send(WireRequest(url, {}, b"{}"), 5)
    except UpstreamError:
        return
    response.abort()
    await asyncio.sleep(0)
