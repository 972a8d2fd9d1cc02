"""A snapshot finds a served model by its name in one step, however many models there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tests.catalog.support import make_catalog, only
from turnout.catalog import Catalog
from turnout.catalog.ids import IdBook
from turnout.catalog.names import NEIGHBOURS, NameIndex
from turnout.catalog.snapshot import MAX_DIRECT, MAX_NAME, Snapshot
from turnout.core import Deployment, Secret
from turnout.errors import UnknownModel

OPENAI_KEY = {"OPENAI_API_KEY": "k"}


class TestFind:
    def test_by_name_and_alias(self, tmp_path: Path) -> None:
        """An alias leads to its model, also through other aliases."""
        snapshot = make_catalog(
            tmp_path, "models: {fast: openai/x}\naliases: {quick: fast, HOST_AGENT: quick}"
        ).snapshot
        assert [snapshot.find(name).name for name in ("fast", "quick", "HOST_AGENT")] == ["fast"] * 3
        assert snapshot.find("HOST_AGENT") is snapshot.find("fast")
        assert snapshot.aliases == {"quick": "fast", "HOST_AGENT": "fast"}

    def test_a_tag_that_ollama_adds(self, tmp_path: Path) -> None:
        """A name with ``:latest`` and one without it are the same, unless both are served."""
        models = "{fast: openai/x, 'llama3:latest': openai/y, both: openai/z, 'both:latest': openai/w}"
        snapshot = make_catalog(tmp_path, f"models: {models}").snapshot
        names = {name: snapshot.find(name).name for name in ("fast:latest", "llama3", "both", "both:latest")}
        assert names == {"fast:latest": "fast", "llama3": "llama3:latest", "both": "both", "both:latest": "both:latest"}
        assert snapshot.serves("llama3")
        assert not snapshot.serves("llama3:8b")

    @pytest.mark.parametrize(
        ("name", "own"),
        [
            ("fast", "fast"),
            ("fast:latest", "fast"),
            ("quick", "fast"),
            ("claude-3", "fast"),
            ("openai/x", "openai/x"),
            ("OpenAI/x", "openai/x"),
            ("direct", "openai/x"),
            ("odd-1", "openai/x"),
            ("azure/x", None),
            ("nobody", None),
            ("lost-1", None),
            ("", None),
        ],
    )
    def test_all_names_of_a_model_have_one_own_name(self, tmp_path: Path, name: str, own: str | None) -> None:
        """What is counted for a model is counted whatever it is called. It doesn't matter who has asked before."""
        aliases = "{quick: fast, 'claude-*': fast, direct: OpenAI/x, 'odd-*': direct, 'lost-*': azure/x}"
        text = f"models: {{fast: openai/x}}\naliases: {aliases}"
        snapshot = make_catalog(tmp_path, text, variables=OPENAI_KEY).snapshot
        assert snapshot.model_name(name) == own
        assert snapshot.serves(name) is (own is not None)
        if own is not None:
            snapshot.find(name)
            assert snapshot.model_name(name) == own

    def test_provider_and_upstream_model(self, tmp_path: Path) -> None:
        """A provider with a key serves what nobody configured, and gives the same model each time."""
        snapshot = make_catalog(tmp_path, variables=OPENAI_KEY).snapshot
        model = snapshot.find("OpenAI/ft:gpt/x")
        (deployment,) = model.deployments
        assert (model.name, deployment.id, deployment.model) == ("OpenAI/ft:gpt/x", "openai/ft:gpt/x", "ft:gpt/x")
        assert deployment.api_key == Secret("k")
        assert snapshot.find("OpenAI/ft:gpt/x") is model

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("openai/x", id="provider-without-key"),
            pytest.param("azure/x", id="provider-without-address"),
            pytest.param("nobody/x", id="no-such-provider"),
            pytest.param("ollama/", id="no-upstream-model"),
            pytest.param("/x", id="no-provider"),
            pytest.param("", id="nothing"),
            pytest.param("ollama/" + "x" * MAX_NAME, id="too-long"),
        ],
    )
    def test_what_is_unknown(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(UnknownModel):
            make_catalog(tmp_path).snapshot.find(name)

    @pytest.mark.parametrize("name", ["ollama/llama3", "echo/anything"])
    def test_providers_that_need_no_key(self, tmp_path: Path, name: str) -> None:
        assert make_catalog(tmp_path).snapshot.find(name).deployments[0].id == name

    def test_a_provider_section_opens_a_provider(self, tmp_path: Path) -> None:
        """Naming it in the file is enough, for one that takes no key."""
        text = "providers: {openai: {base_url: 'http://proxy.test'}}"
        assert make_catalog(tmp_path, text).snapshot.find("openai/x").deployments[0].base_url == "http://proxy.test"

    def test_discovery_off_serves_what_the_file_names_and_no_more(self, tmp_path: Path) -> None:
        snapshot = make_catalog(tmp_path, "discovery: false\nmodels: {a: openai/x}", variables=OPENAI_KEY).snapshot
        assert [name for name, _ in snapshot.served()] == ["a"]
        with pytest.raises(UnknownModel):
            snapshot.find("openai/x")

    def test_a_long_unknown_name_is_cut_in_the_message(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownModel) as caught:
            make_catalog(tmp_path).snapshot.find("x" * 1_000_000)
        assert len(caught.value.message) < 2 * MAX_NAME

    def test_an_alias_may_name_a_provider_s_model(self, tmp_path: Path) -> None:
        snapshot = make_catalog(tmp_path, "aliases: {fast: openai/x}", variables=OPENAI_KEY).snapshot
        assert snapshot.find("fast").deployments[0].id == "openai/x"
        assert "fast" in dict(snapshot.served())

    def test_an_asked_for_model_that_is_configured_too_is_the_same_deployment(self, tmp_path: Path) -> None:
        """So its health and its figures are in one place."""
        catalog = make_catalog(tmp_path, "models: {a: openai/x}", variables=OPENAI_KEY)
        assert catalog.snapshot.find("openai/x").deployments[0] is only(catalog, "a")

    def test_one_that_is_configured_otherwise_has_another_id(self, tmp_path: Path) -> None:
        text = "models: {a: {deployments: [{provider: openai, model: x, base_url: 'http://other.test'}]}}"
        catalog = make_catalog(tmp_path, text, variables=OPENAI_KEY)
        (deployment,) = catalog.snapshot.find("openai/x").deployments
        assert (only(catalog, "a").id, deployment.id) == ("openai/x", "openai/x#direct")
        assert deployment.base_url == "https://openai.test/v1"

    def test_names_that_clients_make_up_are_not_kept_for_ever(self, tmp_path: Path) -> None:
        """A thousand are remembered, so a client that invents names can't fill the memory."""
        snapshot = make_catalog(tmp_path).snapshot
        for number in range(2 * MAX_DIRECT):
            snapshot.find(f"ollama/{number}")
        assert len(snapshot._direct) == MAX_DIRECT
        assert snapshot.find("ollama/0").name == "ollama/0"  # forgotten, and made again


class TestPatterns:
    """An alias with ``*`` stands for many names."""

    @pytest.mark.parametrize(
        ("alias", "names", "others"),
        [
            pytest.param("claude-*", ["claude-opus-4-8", "claude-", "claude-a/b"], ["claude", "my-claude-x"], id="end"),
            pytest.param("*-mini", ["gpt-5-mini", "-mini"], ["gpt-5-mini-2", "mini"], id="beginning"),
            pytest.param("gpt-*-*o", ["gpt-5-turbo", "gpt--o"], ["gpt-5o", "gpt-5-"], id="middle"),
            pytest.param("*[1m]", ["opus[1m]"], ["opus1", "opusm"], id="brackets-are-brackets"),
            pytest.param("a?*", ["a?b"], ["abb"], id="a-question-mark-is-one"),
            pytest.param("A*", ["Ab"], ["ab"], id="case"),
            pytest.param("*", ["anything", "two\nlines"], [], id="everything"),
        ],
    )
    def test_which_names_it_catches(self, tmp_path: Path, alias: str, names: list[str], others: list[str]) -> None:
        text = f"models: {{fast: openai/x}}\naliases: {{'{alias}': fast}}\ndiscovery: false"
        snapshot = make_catalog(tmp_path, text).snapshot
        assert [snapshot.find(name) for name in names] == [snapshot.find("fast")] * len(names)
        assert all(map(snapshot.serves, names))
        assert not any(map(snapshot.serves, others))
        for other in others:
            with pytest.raises(UnknownModel):
                snapshot.find(other)

    def test_the_pattern_that_says_most_goes_first(self, tmp_path: Path) -> None:
        text = (
            "models: {a: openai/a, b: openai/b, c-x-2: openai/c}\naliases: {'c-*': a, 'c-x-*': b, 'c-x-1': a, '*': a}"
        )
        snapshot = make_catalog(tmp_path, text).snapshot
        names = ("c-y", "c-x-3", "c-x-1", "c-x-2")
        assert [snapshot.find(name).name for name in names] == ["a", "b", "a", "c-x-2"]

    def test_it_may_lead_to_an_alias_or_to_a_provider_s_model(self, tmp_path: Path) -> None:
        text = "models: {a: openai/a}\naliases: {quick: a, 'c-*': quick, 'd-*': openai/x}"
        snapshot = make_catalog(tmp_path, text, variables=OPENAI_KEY).snapshot
        assert [snapshot.find(name).name for name in ("c-1", "d-1")] == ["a", "openai/x"]

    def test_it_goes_before_a_provider_s_model(self, tmp_path: Path) -> None:
        """A configured name costs what was configured, whichever keys are there."""
        text = "models: {a: ollama/a}\naliases: {'openai/*': a}"
        snapshot = make_catalog(tmp_path, text, variables=OPENAI_KEY).snapshot
        assert snapshot.find("openai/gpt-5").name == "a"

    def test_a_fallback_may_be_one_of_its_names(self, tmp_path: Path) -> None:
        text = "models: {a: {deployments: [openai/a], fallbacks: [c-1]}, b: openai/b}\naliases: {'c-*': b}"
        catalog = make_catalog(tmp_path, text + "\ndiscovery: false")
        assert catalog.snapshot.find("a").fallbacks == ("c-1",)

    def test_lists_leave_it_out(self, tmp_path: Path) -> None:
        snapshot = make_catalog(tmp_path, "models: {a: openai/a}\naliases: {'c-*': a}").snapshot
        assert [name for name, _ in snapshot.served()] == ["a", "echo"]
        assert list(snapshot.patterns) == ["c-*"]

    def test_the_error_names_a_target_that_nobody_serves(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path, "aliases: {'c-*': nowhere}")
        assert not catalog.snapshot.serves("c-1")
        with pytest.raises(UnknownModel, match="alias of 'nowhere'"):
            catalog.snapshot.find("c-1")
        assert 'aliases["c-*"]: expected the name of a model' in str(catalog.state().problems)

    def test_a_target_that_nobody_serves_opens_no_other_way(self, tmp_path: Path) -> None:
        snapshot = make_catalog(tmp_path, "aliases: {'openai/*': nowhere}", variables=OPENAI_KEY).snapshot
        assert not snapshot.serves("openai/gpt-5")
        with pytest.raises(UnknownModel, match="alias of 'nowhere'"):
            snapshot.find("openai/gpt-5")

    def test_it_does_not_catch_what_the_api_keeps_out_of_service(self, tmp_path: Path) -> None:
        models = make_catalog(tmp_path, "models: {a: openai/a}").snapshot.models
        snapshot = Snapshot(
            models=models, aliases={"*": "a"}, keys={}, auth_required=False, out_of_service=frozenset({"paused"})
        )
        assert (snapshot.serves("other"), snapshot.serves("paused")) == (True, False)
        with pytest.raises(UnknownModel):
            snapshot.find("paused")

    def test_many_names_of_a_client_are_not_kept_for_ever(self, tmp_path: Path) -> None:
        snapshot = make_catalog(tmp_path, "models: {a: openai/a}\naliases: {'*': a}").snapshot
        for number in range(2 * MAX_DIRECT):
            assert snapshot.find(f"n-{number}").name == "a"
        assert len(snapshot._direct) == MAX_DIRECT

    def test_a_name_that_is_too_long_is_caught_by_none(self, tmp_path: Path) -> None:
        snapshot = make_catalog(tmp_path, "models: {a: openai/a}\naliases: {'*': a}").snapshot
        assert snapshot.find("x" * MAX_NAME).name == "a"
        with pytest.raises(UnknownModel):
            snapshot.find("x" * (MAX_NAME + 1))


class TestServed:
    def test_models_and_aliases_are_listed(self, tmp_path: Path) -> None:
        snapshot = make_catalog(tmp_path, "models: {b: openai/x, a: openai/y}\naliases: {c: b}").snapshot
        assert [(name, model.name) for name, model in snapshot.served()] == [
            ("b", "b"),
            ("a", "a"),
            ("echo", "echo"),
            ("c", "b"),
        ]

    def test_a_configured_echo_is_the_file_s(self, tmp_path: Path) -> None:
        assert only(make_catalog(tmp_path, "models: {echo: openai/x}"), "echo").provider == "openai"


class TestCloseNames:
    def names(self, count: int) -> list[str]:
        return [f"model-{number:05}" for number in range(count)]

    @pytest.mark.parametrize("wrong_name", ["gpt-4o-mnii", "Gpt-4o-mini", "xgpt-4o-mini", "pt-4o-mini"])
    @pytest.mark.parametrize("others", [10, 10_000])
    def test_a_slip_is_recognised(self, wrong_name: str, others: int) -> None:
        assert NameIndex([*self.names(others), "gpt-4o-mini"]).close_to(wrong_name)[0] == "gpt-4o-mini"

    def test_nothing_is_close_to_nonsense(self) -> None:
        assert NameIndex(["gpt-4o", "claude"]).close_to("zzzzzz") == []

    def test_the_error_says_them(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownModel, match="Did you mean fast"):
            make_catalog(tmp_path, "models: {fast: openai/x}").snapshot.find("fats")

    def test_no_more_names_are_compared_when_there_are_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The comparison is slow, so its cost must not grow with the catalog."""
        compared: list[int] = []

        def count(word: str, names: list[str], n: int) -> list[str]:
            compared.append(len(names))
            return []

        monkeypatch.setattr("turnout.catalog.names.get_close_matches", count)
        for others in (1_000, 10_000):
            NameIndex(self.names(others)).close_to("modle-00500")
        assert max(compared) <= 4 * NEIGHBOURS


class TestIds:
    def test_readable_and_unique(self, tmp_path: Path) -> None:
        catalog = make_catalog(
            tmp_path,
            """
            models:
              a: {deployments: [openai/x, {provider: openai, model: x, base_url: "http://other.test"}, anthropic/x]}
              b: openai/x
            """,
        )
        ids = [deployment.id for _, model in catalog.snapshot.served() for deployment in model.deployments]
        assert ids == ["openai/x", "openai/x#2", "anthropic/x", "openai/x#3", "echo/echo"]

    DRAFT = Deployment(id="", provider="p", model="m")

    def test_who_stays_keeps_the_id(self) -> None:
        """When the first of three goes, the others are still number 2 and 3; a new one takes the free place."""
        one, two, three, new = (structs.replace(self.DRAFT, base_url=f"http://{n}") for n in "123n")
        book = IdBook()
        assert book.assign([("a", one), ("a", two), ("a", three)]) == ["p/m", "p/m#2", "p/m#3"]
        assert book.assign([("a", three), ("a", two)]) == ["p/m#3", "p/m#2"]
        assert book.assign([("a", new), ("a", two), ("a", three)]) == ["p/m", "p/m#2", "p/m#3"]

    def test_a_new_key_takes_the_old_one_s_id(self) -> None:
        book = IdBook()
        old, other, new = (structs.replace(self.DRAFT, api_key=Secret(key)) for key in ("old", "other", "new"))
        assert book.assign([("a", old), ("a", other)]) == ["p/m", "p/m#2"]
        assert book.assign([("a", new), ("a", other)]) == ["p/m", "p/m#2"]

    def test_twins_have_ids_of_their_own(self) -> None:
        assert IdBook().assign([("a", self.DRAFT), ("a", self.DRAFT), ("b", self.DRAFT)]) == ["p/m", "p/m#2", "p/m#3"]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """10,000 models and 10,000 keys."""
    models = "".join(f"  model-{number:05}: openai/gpt-{number}\n" for number in range(10_000))
    keys = "".join(f"  - {{key: sk-{number:032}, user: u{number}, models: [fast]}}\n" for number in range(10_000))
    return make_catalog(tmp_path_factory.mktemp("large"), f"models:\n{models}keys:\n{keys}")


class TestManyModels:
    def test_all_are_there(self, large: Catalog) -> None:
        assert (len(large.snapshot.models), len(large.snapshot.keys)) == (10_001, 10_000)
        assert only(large, "model-09999").model == "gpt-9999"

    def test_finding_one_touches_one(self, large: Catalog) -> None:
        """Two lookups in a dict: nothing that could grow with the number of models is called."""

        class Counting(dict[Any, Any]):
            reads = 0

            def get(self, *args: object) -> object:
                Counting.reads += 1
                return super().get(*args)

            def __iter__(self) -> Iterator[Any]:
                raise AssertionError("looked through all names")

        snapshot = large.snapshot
        named = snapshot._named
        snapshot._named = Counting(named)
        try:
            assert snapshot.find("model-05000").name == "model-05000"
        finally:
            snapshot._named = named
        assert Counting.reads == 1
