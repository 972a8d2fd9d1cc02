"""A client's URL is fetched within bounds, and never from a private address."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping, Sequence

import pytest

from tests.support.raw_upstream import RawUpstream, Visit, ok, replying
from turnout.errors import NotFetched
from turnout.transport import Fetcher

pytestmark = pytest.mark.asyncio(loop_scope="function")

PRIVATE = "its host has no public address"


class Resolver:
    """Resolves a few names, and records the hosts that it was called for."""

    def __init__(self, **addresses: str) -> None:
        self.addresses = addresses
        self.resolved: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.resolved.append(host)
        if host not in self.addresses:
            raise OSError("no such host: secret.internal")
        return self.addresses[host].split()


def fetcher(
    *,
    max_bytes: int = 100_000,
    seconds: float = 5,
    private: Sequence[str] = ("localhost",),
    names: Mapping[str, str] = {},
) -> Fetcher:
    """``localhost`` stands for a host of the internet. ``names`` are the addresses of other hosts."""
    resolve = Resolver(localhost="127.0.0.1", **names).resolve
    return Fetcher(max_bytes=max_bytes, seconds=seconds, private_hosts=private, resolve=resolve)


def at(server: RawUpstream, path: str = "/a.png", host: str = "localhost") -> str:
    return f"http://{host}:{server.port}{path}"


def redirect(to: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n".encode()


async def test_gives_the_bytes_and_sends_no_credentials() -> None:
    async with RawUpstream(replying(ok(b"picture"))) as server:
        url = f"http://user:secret@localhost:{server.port}/a%20b.png?c=d"
        assert await fetcher().fetch(url) == b"picture"
        head = server.requests[0].decode()
    assert head.startswith("GET /a%20b.png?c=d HTTP/1.1\r\n")
    assert f"host: localhost:{server.port}\r\n" in head
    assert "accept-encoding: identity\r\n" in head
    assert "authorization" not in head
    assert "secret" not in head


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0x7f000001", "0", "localhost."],
)
async def test_never_reaches_this_machine_by_any_of_its_names(host: str) -> None:
    """With the machine's own resolver."""
    async with RawUpstream(replying(ok())) as server:
        with pytest.raises(NotFetched, match=PRIVATE):
            await Fetcher(max_bytes=100, seconds=5).fetch(at(server, host=host))
        assert server.visits == []


async def test_a_name_that_leads_inside_is_told_like_one_that_doesn_t_exist() -> None:
    messages = []
    for host in ("rebound.example", "missing.example"):
        with pytest.raises(NotFetched) as refused:
            await fetcher(names={"rebound.example": "10.0.0.1 127.0.0.1 fd00::1"}).fetch(f"http://{host}/a.png")
        messages.append(refused.value.message)
    assert messages[0] == messages[1]
    assert "10.0.0.1" not in messages[0]
    assert "internal" not in messages[0]


async def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to() -> None:
    """A name is resolved once, so that it can't lead elsewhere the second time."""
    resolver = Resolver(localhost="127.0.0.1")
    async with RawUpstream(replying(ok(b"picture"))) as server:
        cased = Fetcher(max_bytes=100, seconds=5, private_hosts=["LOCALHOST"], resolve=resolver.resolve)
        assert await cased.fetch(at(server)) == b"picture"
    assert resolver.resolved == ["localhost"]


async def test_patterns_name_hosts_not_addresses() -> None:
    async with RawUpstream(replying(ok(b"picture"))) as server:
        names = {"nas.local": "127.0.0.1", "evil.example": "127.0.0.1"}
        with_pattern = fetcher(private=["*.local"], names=names)
        assert await with_pattern.fetch(at(server, host="nas.local")) == b"picture"
        with pytest.raises(NotFetched, match=PRIVATE):
            await with_pattern.fetch(at(server, host="evil.example"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_follows_a_redirect(status: int) -> None:
    async with RawUpstream(replying(redirect("/b.png", status)), replying(ok(b"moved"))) as server:
        assert await fetcher().fetch(at(server)) == b"moved"
        assert server.requests[1].startswith(b"GET /b.png ")


@pytest.mark.parametrize("to", ["http://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/"])
async def test_a_redirect_doesn_t_lead_inside(to: str) -> None:
    async with RawUpstream(replying(ok(b"secret"))) as inside:
        target = to.format(port=inside.port)
        async with RawUpstream(replying(redirect(target))) as server:
            host = target.split("//")[1].rpartition(":")[0].strip("[]")
            with pytest.raises(NotFetched, match=PRIVATE):
                await fetcher(names={host: host}).fetch(at(server))
        assert inside.visits == []


async def test_a_redirect_to_a_name_that_leads_inside_doesn_t_either() -> None:
    async with RawUpstream(replying(redirect("http://rebound.example/"))) as server:
        with pytest.raises(NotFetched, match=PRIVATE):
            await fetcher(names={"rebound.example": "169.254.169.254"}).fetch(at(server))


@pytest.mark.parametrize("to", ["ftp://localhost/", "file:///etc/passwd", "gopher://localhost/"])
async def test_only_http(to: str) -> None:
    with pytest.raises(NotFetched, match=r"not of the form http\(s\)"):
        await fetcher().fetch(to)
    async with RawUpstream(replying(redirect(to))) as server:
        with pytest.raises(NotFetched, match=r"not of the form http\(s\)"):
            await fetcher().fetch(at(server))


async def test_redirects_have_an_end() -> None:
    async with RawUpstream(replying(redirect("/again"))) as server:
        with pytest.raises(NotFetched, match="more than 5 times"):
            await fetcher().fetch(at(server))
        assert len(server.requests) == 6


async def test_a_slow_drip_ends_in_time() -> None:
    async def drip(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", *[b"x"] * 10_000)

    async with RawUpstream(drip) as server:
        with pytest.raises(NotFetched, match=r"within 0\.3 s"):
            await fetcher(seconds=0.3).fetch(at(server))


async def test_a_server_that_says_nothing_ends_in_time() -> None:
    async with RawUpstream(Visit.until_left) as server:
        with pytest.raises(NotFetched, match=r"within 0\.2 s"):
            await fetcher(seconds=0.2).fetch(at(server))
        await asyncio.wait_for(server.visits[0].left.wait(), 5)


async def test_an_endless_body_is_left() -> None:
    async def endless(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not visit.left.is_set():
            await visit.send(b"x" * 65_536)

    async with RawUpstream(endless) as server:
        with pytest.raises(NotFetched, match="larger than 100,000 bytes"):
            await fetcher().fetch(at(server))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(ok(b"x" * 101), id="as-announced"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n", id="announced-only"),
        pytest.param(ok(gzip.compress(b"x" * 5_000_000), "content-encoding: gzip"), id="once-unpacked"),
    ],
)
async def test_what_is_too_large_is_refused(answer: bytes) -> None:
    async with RawUpstream(replying(answer)) as server:
        with pytest.raises(NotFetched, match="larger than"):
            await fetcher(max_bytes=100 if len(answer) < 300 else 10_000).fetch(at(server))


async def test_the_very_limit_is_not_too_large() -> None:
    async with RawUpstream(replying(ok(b"x" * 100))) as server:
        assert await fetcher(max_bytes=100).fetch(at(server)) == b"x" * 100


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(b"HTTP/1.1 404 Not Found\r\ncontent-length: 6\r\n\r\nsecret", "status 404", id="status"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", "can't be reached", id="not-http"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx", "broke off", id="cut"),
        pytest.param(ok(b"x", "content-encoding: compress"), "can't be reached", id="packed-in-an-unknown-way"),
    ],
)
async def test_other_answers_are_told_without_their_words(answer: bytes, words: str) -> None:
    async with RawUpstream(replying(answer, close=True)) as server:
        with pytest.raises(NotFetched, match=words) as refused:
            await fetcher().fetch(at(server))
    assert "secret" not in refused.value.message
    assert "SSH" not in refused.value.message
    assert "127.0.0.1" not in refused.value.message


async def test_nobody_there() -> None:
    async with RawUpstream(replying(ok())) as server:
        url = at(server)
    with pytest.raises(NotFetched, match="can't be reached"):
        await fetcher().fetch(url)


async def test_the_next_address_is_tried() -> None:
    async with RawUpstream(replying(ok(b"picture"))) as server:
        trying = fetcher(private=["two.example"], names={"two.example": "127.0.0.9 127.0.0.1"})
        assert await trying.fetch(at(server, host="two.example")) == b"picture"
