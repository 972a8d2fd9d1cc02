"""What installed packages bring is found; what of it can't be used is told with its package and a cure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.packages import install
from turnout import dialects, plugins, providers, routing
from turnout.dialects.path_owners import PathOwners
from turnout.errors import ConfigError
from turnout.plugins import InvalidPlugin

CACHES = (
    plugins.plugins,
    plugins._entry_points,
    providers._plugin_table,
    providers.registry,
    dialects.registry,
    routing.registry,
)
ACME = """
    from turnout.core import Support
    from turnout.providers import Profile

    class Acme:
        name = "acme"
        profile = Profile(title="Acme", base_url="", aliases=("acme.ai",))
        support = Support(namespace="acme", knobs=frozenset())

        def run(self, request, deployment):
            raise NotImplementedError

    PROVIDERS = (Acme(),)
"""
SHOUT = """
    class Shout:
        wire = "shout"
        operation = "chat"
        relayed_headers = frozenset()
        def __init__(self, *paths): self.paths = paths
        def parse(self, body, target=None): ...
        def renderer(self, request, context): ...
        def media_type(self, request): ...
        def body(self, request, given, context): ...

    class Dialect:
        name = "shouting"
        key_headers = ("x-key",)
        key_query = None
        endpoints = (Shout("/shout", "{path}"),)
        def error(self, error, request_id): ...
        def models(self, models): ...
        def model(self, model): ...

    DIALECTS = (Dialect(),)
"""


def clear() -> None:
    for cached in CACHES:
        cached.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """On the path; its packages are found, and forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    clear()
    yield tmp_path
    clear()
    for name in set(sys.modules) - before:
        if (tmp_path / f"{name}.py").exists():
            del sys.modules[name]


def mistake_of(registry: Callable[[], object]) -> str:
    with pytest.raises(ConfigError) as caught:
        registry()
    return caught.value.message


def test_a_packages_provider_is_found_under_each_of_its_names(folder: Path) -> None:
    install(folder, "acme-turnout", {"acme_wire": ACME}, providers="acme = acme_wire")
    found = providers.registry()
    assert found["acme"] is found["acme.ai"]
    assert found["acme"].profile.title == "Acme"
    assert "echo" in found


def test_a_packages_dialect_is_found_with_its_paths(folder: Path) -> None:
    install(folder, "shout", {"shouting": SHOUT.replace("{path}", "/v1/shout")}, dialects="shout = shouting")
    (endpoint,) = dialects.registry()["shouting"].endpoints
    assert endpoint.paths == ("/shout", "/v1/shout")


def test_a_packages_policy_is_found(folder: Path) -> None:
    source = "def last_first(model): ...\nPOLICIES = {'last_first': last_first}"
    install(folder, "policies", {"last_policy": source}, policies="last = last_policy")
    assert routing.registry()["last_first"].__name__ == "last_first"
    assert "order" in routing.registry()


def test_other_groups_of_a_package_are_none_of_ours(folder: Path) -> None:
    install(folder, "acme-turnout", {"acme_wire": ACME}, elsewhere="acme = acme_wire")
    assert "acme" not in providers.registry()


def test_every_mistake_names_the_package_and_says_what_to_do(folder: Path) -> None:
    install(folder, "acme-turnout", {}, providers="acme = acme_gone")
    assert mistake_of(providers.registry) == (
        "The package acme-turnout 1.2 has a plug-in that can't be used (entry point 'acme' of turnout.providers, "
        "module acme_gone): importing it raised ModuleNotFoundError: No module named 'acme_gone'. "
        "`pip install --upgrade acme-turnout` may mend it, `pip uninstall acme-turnout` removes it."
    )


WRONG_PROVIDERS = {
    "no PROVIDERS": ("", "it has no PROVIDERS"),
    "not a tuple": (f"{ACME}\n    PROVIDERS = list(PROVIDERS)", "PROVIDERS has to be a tuple of providers"),
    "raises": ("raise RuntimeError('a key is missing.')", "importing it raised RuntimeError: a key is missing."),
    "ends the program": ("raise SystemExit(3)", "importing it raised SystemExit: 3."),
    "no Python": ("def", "importing it raised SyntaxError"),
    "a class": (f"{ACME}\n    PROVIDERS = (Acme,)", "the provider 'acme' is a class, where an object of it is needed"),
    "a member missing": (
        f"{ACME}\n    del Acme.run",
        "the provider 'acme' lacks build, decoder, list_models, operation, read_models, refusal",
    ),
    "no profile": (f"{ACME}\n    Acme.profile = None", "the provider 'acme' has to have a Profile as 'profile'"),
    "no support": (f"{ACME}\n    Acme.support = None", "has to have a Profile as 'profile' and a Support as 'support'"),
    "a clash": (f"{ACME}\n    Acme.name = 'echo'", "two providers are called 'echo', this one and Turnout's own"),
    "a name in capitals": (f"{ACME}\n    Acme.name = 'Acme'", "the name 'Acme' has to match"),
}


@pytest.mark.parametrize(("source", "told"), WRONG_PROVIDERS.values(), ids=WRONG_PROVIDERS)
def test_a_provider_that_cannot_be_used_is_told(folder: Path, source: str, told: str) -> None:
    install(folder, "acme-turnout", {"acme_wire": source}, providers="acme = acme_wire")
    mistake = mistake_of(providers.registry)
    assert told in mistake
    assert "acme-turnout 1.2" in mistake
    assert ".." not in mistake


def test_two_packages_with_one_name_are_told(folder: Path) -> None:
    install(folder, "acme", {"acme_one": ACME}, providers="acme = acme_one")
    install(folder, "acme-too", {"acme_two": ACME}, providers="acme = acme_two")
    told = mistake_of(providers.registry)
    assert told.startswith("The package acme-too 1.2 ")
    assert "two providers are called 'acme', this one and that of the package acme" in told


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    install(folder, "one", {}, providers="one = gone_one")
    install(folder, "two", {}, providers="two = gone_two")
    assert [line.split()[2] for line in mistake_of(providers.registry).splitlines()] == ["one", "two"]


def test_an_entry_point_names_a_module_alone(folder: Path) -> None:
    install(folder, "acme", {"acme_wire": ACME}, providers="acme = acme_wire:PROVIDERS")
    assert "its value has to be a module alone, without ':PROVIDERS'" in mistake_of(providers.registry)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/v1/chat/completions", "takes the path /v1/chat/completions, which the dialect 'openai' has"),
        ("/v1beta/models/x:generateContent", "part of /v1beta/{model}:generateContent of the dialect 'gemini'"),
        ("/v1/{model}", "takes the path /v1/{model}, part of"),
        ("shout", "has to begin with '/'"),
    ],
)
def test_a_dialect_takes_no_path_of_another_one(folder: Path, path: str, told: str) -> None:
    install(folder, "shout", {"shouting": SHOUT.replace("{path}", path)}, dialects="shout = shouting")
    assert told in mistake_of(dialects.registry)


def test_an_endpoint_that_lacks_something_is_told(folder: Path) -> None:
    source = f"{SHOUT.replace('{path}', '/s')}\n    del Shout.parse"
    install(folder, "shout", {"shouting": source}, dialects="shout = shouting")
    assert "the endpoint 'shout' of the dialect 'shouting' lacks parse" in mistake_of(dialects.registry)


def test_policies_that_are_none_are_told(folder: Path) -> None:
    install(folder, "policies", {"last_policy": "POLICIES = {'last': 1}"}, policies="last = last_policy")
    assert "POLICIES has to be a mapping of names to functions" in mistake_of(routing.registry)


OVERLAPS = {
    ("/a/{model}:x", "/a/b:x"): True,
    ("/a/b:x", "/a/{model}:x"): True,
    ("/a/{model}", "/{model}/b"): True,
    ("/a/{model}/b", "/a/{model}/c"): False,
    ("/a/{model}", "/a/"): False,
    ("/a/{model}", "/b/{model}"): False,
    ("/a", "/ab"): False,
}


@pytest.mark.parametrize(("paths", "overlap"), OVERLAPS.items(), ids=map(" ".join, OVERLAPS))
def test_paths_overlap_where_a_request_could_be_meant_for_both(paths: tuple[str, str], overlap: bool) -> None:
    owners = PathOwners()
    owners.claim(paths[0], "one")
    owners.claim(paths[0], "one")
    if overlap:
        with pytest.raises(InvalidPlugin, match="the dialect 'two' takes the path"):
            owners.claim(paths[1], "two")
    else:
        owners.claim(paths[1], "two")


def test_a_program_registers_a_provider_of_its_own(folder: Path) -> None:
    (folder / "acme_wire.py").write_text(ACME.replace("\n    ", "\n"))
    from acme_wire import PROVIDERS  # type: ignore[import-not-found]  # written a line above

    before = providers.registry()
    providers.register(PROVIDERS[0])
    providers.register(PROVIDERS[0])
    assert before["acme"] is providers.registry()["acme.ai"] is PROVIDERS[0]


def test_what_cannot_be_registered_is_told(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^The provider can't be registered: the provider 3 lacks .*\.$"):
        providers.register(3)  # type: ignore[arg-type]  # what is wrong on purpose
