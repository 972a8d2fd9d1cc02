"""How a provider is reached: proxies, certificates, keys and headers, in the file and in the environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.catalog.support import make_catalog, only
from tests.support.authority import Authority
from turnout.catalog.api_models import ApiModel
from turnout.core import Network, Secret
from turnout.errors import ConfigError

NETWORKS = """
providers: {{openai: {{proxy: 'http://shared:3128', ca: {ca}, client_cert: {cert}, client_key: {key}}}}}
models:
  shared: openai/x
  own: {{deployments: [{{provider: openai, model: x, proxy: ' http://us:pw@own:1 '}}]}}
  direct: {{deployments: [{{provider: openai, model: x, proxy: null}}]}}
  other: anthropic/x
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    certificate, key = authority.sign("client", "DNS:client.test")
    return {"ca": authority.certificate, "cert": certificate, "key": key}


def test_the_narrowest_place_decides_for_each_setting(tmp_path: Path, files: dict[str, Path]) -> None:
    catalog = make_catalog(tmp_path, NETWORKS.format(**files))
    shared = Network(
        proxy=Secret("http://shared:3128"),
        ca=str(files["ca"]),
        client_cert=str(files["cert"]),
        client_key=str(files["key"]),
    )
    networks = {name: only(catalog, name).network for name in ("shared", "own", "direct", "other")}
    assert networks["shared"] == shared
    assert networks["other"] is None
    own, direct = networks["own"], networks["direct"]
    assert own is not None
    assert direct is not None
    assert own.proxy == Secret("http://us:pw@own:1")
    assert direct.proxy == Secret("")
    assert own.ca == direct.ca == shared.ca


@pytest.mark.parametrize("address", [None, "http://elsewhere.test/v1"])
def test_a_client_certificate_is_for_its_provider_only(
    tmp_path: Path, files: dict[str, Path], address: str | None
) -> None:
    """A model made through the API can have another address."""
    made = ApiModel(id="made", name="Made", provider="openai", upstream_model="x", base_url=address)
    model = make_catalog(tmp_path, NETWORKS.format(**files)).model_of(made)
    assert model is not None
    network = model.deployments[0].network
    assert network is not None
    assert network.proxy == Secret("http://shared:3128")
    assert (network.client_cert, network.client_key) == (
        ("", "") if address else (str(files["cert"]), str(files["key"]))
    )


def mistake_of(tmp_path: Path, text: str, **variables: str) -> str:
    with pytest.raises(ConfigError) as caught:
        make_catalog(tmp_path, text, variables=variables)
    return caught.value.message


@pytest.mark.parametrize(
    "proxy", ["socks5://user:secret@h:1080", "http://", "http://user:secret@h:port", "http://se cret:1", "''"]
)
@pytest.mark.parametrize("place", ["providers: {openai: {HERE}}", "models: {m: {deployments: [{LONG, HERE}]}}"])
def test_a_proxy_that_can_not_be_used_is_a_mistake(tmp_path: Path, proxy: str, place: str) -> None:
    text = place.replace("HERE", f"proxy: {proxy}").replace("LONG", "provider: openai, model: x")
    message = mistake_of(tmp_path, text)
    assert "proxy: expected the address of a proxy, such as http://host:3128" in message
    assert "secret" not in message


@pytest.mark.parametrize("proxy", ["http://h:1", "https://h", "h:3128", "http://u:p@[::1]:1"])
def test_a_proxy_has_a_scheme_or_none(tmp_path: Path, proxy: str) -> None:
    catalog = make_catalog(tmp_path, f"providers: {{openai: {{proxy: '{proxy}'}}}}\nmodels: {{m: openai/x}}")
    network = only(catalog, "m").network
    assert network is not None
    assert network.proxy == Secret(proxy)


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        ("ca: missing.pem", "ca: can't be read: No such file or directory"),
        ("ca: turnout.yaml", "ca: expected certificates in PEM"),
        ("client_cert: missing.pem", "client_cert: can't be read: No such file or directory"),
        ("client_cert: CA", "client_cert: expected a certificate in PEM and its key, without a password"),
        ("client_cert: CERT, client_key: CA", "client_cert: expected a certificate in PEM and its key"),
        ("client_key: KEY", "client_key: expected 'client_cert' beside it"),
    ],
)
def test_files_are_read_at_the_start(
    tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, settings: str, mistake: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, path in files.items():
        settings = settings.replace(name.upper(), str(path))
    assert mistake in mistake_of(tmp_path, f"providers: {{openai: {{{settings}}}}}")


KEYS = """
providers: {openai: {api_key: "${KEY}"}}
models: {a: {deployments: [{provider: anthropic, model: x, api_key: "${KEY}"}]}, o: openai/x}
keys: [{key: "${CLIENT}"}]
"""


def test_a_key_is_trimmed(tmp_path: Path) -> None:
    """A file with a secret often ends with a line break."""
    variables = {"KEY": " sk-1\r\n", "CLIENT": "tk-0123456789abcdef\n"}
    catalog = make_catalog(tmp_path, KEYS, variables=variables)
    assert only(catalog, "a").api_key == only(catalog, "o").api_key == Secret("sk-1")
    plain = make_catalog(tmp_path, KEYS, variables={"KEY": "sk-1", "CLIENT": "tk-0123456789abcdef"})
    assert catalog.snapshot.keys.keys() == plain.snapshot.keys.keys()


@pytest.mark.parametrize(
    "key", ["sk-secret\nsk-other", "sk-secret\x00", "\u201csk-secret\u201d", "sk-secret\x7f", "sk-é"]
)
def test_a_key_that_no_header_can_hold_is_refused_at_the_start(tmp_path: Path, key: str) -> None:
    message = mistake_of(tmp_path, KEYS, KEY=key, CLIENT=f"{key}0123456789")
    for place in ("providers.openai.api_key", "models.a.deployments[0].api_key", "keys[0].key"):
        assert f"{place}: expected a key of printable ASCII characters, in one line" in message
    assert "secret" not in message
    assert "environment variable OPENAI_API_KEY: expected a key of printable ASCII" in mistake_of(
        tmp_path, "models: {}", OPENAI_API_KEY=key
    )


HEADERS = "providers: {openai: {headers: {HERE}}}\nmodels: {m: openai/x}"


def test_names_of_headers_are_in_lower_case_and_values_are_trimmed(tmp_path: Path) -> None:
    text = """
    providers: {openai: {headers: {X-Team: a, Authorization: "Bearer ${TOKEN}"}}}
    models: {m: {deployments: [{provider: openai, model: x, headers: {x-team: b}}]}}
    """
    catalog = make_catalog(tmp_path, text, variables={"TOKEN": "t\n"})
    assert only(catalog, "m").headers == {"x-team": "b", "authorization": "Bearer t"}


@pytest.mark.parametrize("header", ["'x team': a", "'': a", "x-team: '${TEAM}'", "'x-team:': a"])
@pytest.mark.parametrize(
    "place",
    [
        "providers: {openai: {headers: {HERE}}}",
        "models: {m: {headers: {HERE}, deployments: [openai/x]}}",
        "models: {m: {deployments: [{provider: openai, model: x, headers: {HERE}}]}}",
    ],
)
def test_a_header_that_can_not_be_sent_is_a_mistake(tmp_path: Path, place: str, header: str) -> None:
    message = mistake_of(tmp_path, place.replace("HERE", header), TEAM="secret\nx")
    assert "expected the name of a header, and a value in one line" in message
    assert "secret" not in message


def test_a_file_with_a_proxys_password_should_not_be_readable_by_others(tmp_path: Path) -> None:
    for text in (
        "providers: {openai: {proxy: 'http://user:password@h:1'}}",
        "providers: {openai: {base_url: 'http://user:password@h/v1'}}",
    ):
        make_catalog(tmp_path, text)
        file = next(tmp_path.glob("*.yaml"))
        os.chmod(file, 0o644)
        catalog = make_catalog(tmp_path, text)
        assert any("holds secrets" in advice for advice in catalog.configured.advice)
