"""A request's head is checked, and the client's address is found in it."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from turnout.server.http.head import CheckedHead, Malformed, forwarded_client, is_within, split_url

HOST = (b"host", b"h")
TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def test_the_size_is_of_all_names_and_values() -> None:
    assert CheckedHead([HOST, (b"x-abc", b"12345")], "1.1").size == 5 + 10


@pytest.mark.parametrize(
    ("headers", "version", "sound"),
    [
        pytest.param([HOST], "1.1", True, id="one"),
        pytest.param([HOST], "1.0", True, id="one-in-1.0"),
        pytest.param([], "1.0", True, id="none-in-1.0"),
        pytest.param([], "1.1", False, id="none"),
        pytest.param([HOST, HOST], "1.1", False, id="two"),
        pytest.param([HOST, HOST], "1.0", False, id="two-in-1.0"),
        pytest.param([HOST, (b"transfer-encoding", b" Chunked ")], "1.1", True, id="chunked"),
        pytest.param([HOST, (b"transfer-encoding", b"gzip, chunked")], "1.1", False, id="packed"),
        pytest.param([HOST, (b"transfer-encoding", b"identity")], "1.1", False, id="another-encoding"),
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_malformed(
    headers: list[tuple[bytes, bytes]], version: str, sound: bool
) -> None:
    if sound:
        CheckedHead(headers, version)
        return
    with pytest.raises(Malformed):
        CheckedHead(headers, version)


@pytest.mark.parametrize(
    ("value", "expects"), [(b"100-continue", True), (b"100-Continue", True), (b"", False), (b"200-ok", False)]
)
def test_the_head_says_whether_the_client_waits_for_100(value: bytes, expects: bool) -> None:
    assert CheckedHead([HOST, (b"expect", value)], "1.1").expects_continue is expects
    assert not CheckedHead([HOST], "1.1").expects_continue


@pytest.mark.parametrize(
    ("url", "path", "raw_path", "query"),
    [
        (b"/a/b", "/a/b", b"/a/b", b""),
        (b"/a?b=c?d", "/a", b"/a", b"b=c?d"),
        (b"/a%20b%2Fc?d=%20", "/a b/c", b"/a%20b%2Fc", b"d=%20"),
        (b"http://h:80/a?b=c", "/a", b"/a", b"b=c"),
        (b"http://h/a", "/a", b"/a", b""),
        (b"http://h", "/", b"/", b""),
        (b"*", "/*", b"/*", b""),
    ],
)
def test_a_target_has_a_path_and_a_query(url: bytes, path: str, raw_path: bytes, query: bytes) -> None:
    assert split_url(url) == (path, raw_path, query)


@pytest.mark.parametrize("url", [b"/\xc3\xa9", b"nowhere", b"http://"])
def test_another_target_is_malformed(url: bytes) -> None:
    with pytest.raises(Malformed):
        split_url(url)


@pytest.mark.parametrize(
    ("address", "within"),
    [("10.1.2.3", True), ("fd00::1", True), ("11.1.2.3", False), ("fe00::1", False), ("", False), ("a socket", False)],
)
def test_an_address_is_in_one_of_the_networks_or_in_none(address: str, within: bool) -> None:
    assert is_within(address, TRUSTED) is within


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        pytest.param([], "10.0.0.1", id="no-header"),
        pytest.param([b"7.7.7.7"], "7.7.7.7", id="one"),
        pytest.param([b"7.7.7.7, 10.0.0.2"], "7.7.7.7", id="through-two-proxies"),
        pytest.param([b"6.6.6.6, 7.7.7.7, 10.0.0.2"], "7.7.7.7", id="the-client-wrote-one-itself"),
        pytest.param([b"6.6.6.6", b"7.7.7.7"], "7.7.7.7", id="two-lines"),
        pytest.param([b"10.0.0.3, 10.0.0.2"], "10.0.0.3", id="only-proxies"),
        pytest.param([b"unknown, 10.0.0.2"], "10.0.0.2", id="an-unknown-client"),
        pytest.param([b"7.7.7.7:4321"], "7.7.7.7", id="a-port"),
        pytest.param([b"[2001:db8::1]:4321"], "2001:db8::1", id="a-port-after-brackets"),
        pytest.param([b"2001:db8::1"], "2001:db8::1", id="ipv6"),
    ],
)
def test_the_client_is_the_last_address_that_is_not_a_proxys(forwarded: list[bytes], client: str) -> None:
    headers = [HOST, *[(b"x-forwarded-for", value) for value in forwarded], (b"x-other", b"5.5.5.5")]
    assert forwarded_client(headers, "10.0.0.1", TRUSTED) == client
