"""A running catalog follows its files, and keeps what runs when an edit is wrong."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tests.catalog.support import make_catalog, only
from turnout.catalog import Catalog
from turnout.config.watching import changes, signature
from turnout.core import WireRequest
from turnout.errors import ConfigError, UpstreamUnreachable
from turnout.guard import gauges_for

SOON = 5  # seconds; nothing here takes longer


async def nobody(request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
    raise UpstreamUnreachable("nobody there")


@asynccontextmanager
async def running(catalog: Catalog) -> AsyncIterator[asyncio.Queue[bool]]:
    """The catalog at work; the queue gets the outcome of each reload."""
    reloads: asyncio.Queue[bool] = asyncio.Queue()
    reload = catalog.reload

    async def reload_and_tell() -> bool:
        outcome = await reload()
        reloads.put_nowait(outcome)
        return outcome

    catalog.reload = reload_and_tell  # type: ignore[method-assign]  # tells when
    task = asyncio.create_task(catalog.run(nobody, look_seconds=0.01))
    try:
        yield reloads
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def outcome(reloads: asyncio.Queue[bool]) -> bool:
    return await asyncio.wait_for(reloads.get(), SOON)


def served(catalog: Catalog) -> set[str]:
    return {name for name, _ in catalog.snapshot.served()} - {"echo"}


def limits_of(catalog: Catalog) -> dict[str, int]:
    (key,) = catalog.snapshot.keys.values()
    return {gauge.id: gauge.most for gauge in gauges_for(key, "a", "chat", catalog.snapshot)}


class TestReload:
    async def test_a_good_edit_is_served(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path, "models: {a: openai/x}")
        before = catalog.snapshot
        async with running(catalog) as reloads:
            (tmp_path / "turnout.yaml").write_text("models: {b: openai/y}\nkeys: [{key: tk-12345}]")
            assert await outcome(reloads)
        assert served(catalog) == {"b"}
        assert (catalog.snapshot.auth_required, len(catalog.snapshot.keys)) == (True, 1)
        assert (set(before.models), before.keys) == ({"a", "echo"}, {})  # whoever took it still has it whole

    async def test_changed_limits_hold_from_then_on(self, tmp_path: Path) -> None:
        """Also for a key whose limits have been worked out before."""
        text = "limits: {{chat: {}/minute}}\nmodels: {{a: openai/x}}\nkeys: [{{key: tk-12345, name: k, limits: {}/s}}]"
        (tmp_path / "turnout.yaml").write_text(text.format(10, 1))
        catalog = make_catalog(tmp_path)
        assert limits_of(catalog) == {"limit/all/k/chat/requests/60": 10, "limit/key/k/all/requests/1": 1}
        async with running(catalog) as reloads:
            (tmp_path / "turnout.yaml").write_text(text.format(20, 2))
            assert await outcome(reloads)
        assert limits_of(catalog) == {"limit/all/k/chat/requests/60": 20, "limit/key/k/all/requests/1": 2}

    async def test_a_broken_edit_keeps_what_runs_and_says_why(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        catalog = make_catalog(tmp_path, "models: {a: openai/x}\nkeys: [{key: s3cr3t-key}]")
        before, file = catalog.snapshot, tmp_path / "turnout.yaml"
        async with running(catalog) as reloads:
            file.write_text("models: {a: openai/x}\nkeys: [{key: s3cr3t-key, admin: maybe}]")
            assert not await outcome(reloads)
            why = f"{file}:2: keys[0].admin: expected true or false"
            assert catalog.snapshot is before
            assert (catalog.state().ok, catalog.state().error, catalog.state().problems) == (False, why, (why,))
            assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
                f"the changed configuration is not used: {why}"
            ]
            file.write_text("models: {c: openai/x}")
            assert await outcome(reloads)
        assert (catalog.state().ok, catalog.state().error) == (True, None)
        assert served(catalog) == {"c"}

    async def test_a_file_that_another_one_takes_the_place_of(self, tmp_path: Path) -> None:
        """As editors and deployment tools do."""
        catalog = make_catalog(tmp_path, "models: {a: openai/x}")
        async with running(catalog) as reloads:
            (tmp_path / "new.yaml").write_text("models: {b: openai/x}")
            (tmp_path / "new.yaml").replace(tmp_path / "turnout.yaml")
            assert await outcome(reloads)
        assert served(catalog) == {"b"}

    async def test_a_symbolic_link_that_points_elsewhere(self, tmp_path: Path) -> None:
        """As Kubernetes does with the folder that holds the file."""
        for name in "ab":
            (tmp_path / name).mkdir()
            (tmp_path / name / "turnout.yaml").write_text(f"models: {{{name}: openai/x}}")
        (tmp_path / "current").symlink_to("a")
        (tmp_path / "turnout.yaml").symlink_to("current/turnout.yaml")
        catalog = make_catalog(tmp_path)
        assert served(catalog) == {"a"}
        async with running(catalog) as reloads:
            (tmp_path / "next").symlink_to("b")
            os.replace(tmp_path / "next", tmp_path / "current")
            assert await outcome(reloads)
        assert served(catalog) == {"b"}

    @pytest.mark.parametrize("content", [None, "", " \n"], ids=["gone", "empty", "blank"])
    async def test_a_file_that_is_gone_or_empty_takes_nothing_away(self, tmp_path: Path, content: str | None) -> None:
        """It may be one that is being written; keys and models must not vanish for a moment."""
        file = tmp_path / "turnout.yaml"
        catalog = make_catalog(tmp_path, "models: {a: openai/x}\nkeys: [{key: tk-12345}]")
        async with running(catalog) as reloads:
            file.unlink() if content is None else file.write_text(content)
            assert not await outcome(reloads)
            assert (served(catalog), catalog.state().error) == ({"a"}, f"{file}: is gone or empty")
            file.write_text("models: {b: openai/x}")
            assert await outcome(reloads)
        assert served(catalog) == {"b"}

    async def test_the_agents_file_counts_too(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path, "", agents="A: {API_TYPE: openai, API_MODEL: x}")
        async with running(catalog) as reloads:
            (tmp_path / "agents.yaml").write_text("A: {API_TYPE: anthropic, API_MODEL: y}")
            assert await outcome(reloads)
        assert only(catalog, "A").provider == "anthropic"

    async def test_a_file_that_appears_later(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        catalog = make_catalog(tmp_path)
        async with running(catalog) as reloads:
            (tmp_path / "turnout.yaml").write_text("models: {a: openai/x}")
            assert await outcome(reloads)
        assert served(catalog) == {"a"}

    async def test_a_change_between_start_and_run_is_not_missed(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path, "models: {a: openai/x}")
        (tmp_path / "turnout.yaml").write_text("models: {bb: openai/x}")
        async with running(catalog) as reloads:
            assert await outcome(reloads)
        assert served(catalog) == {"bb"}

    async def test_deployments_keep_their_ids(self, tmp_path: Path) -> None:
        """Health and figures belong to a deployment, wherever it stands in the file."""

        def model(*ports: int) -> str:
            items = ", ".join(f"{{provider: openai, model: x, base_url: 'http://h:{port}'}}" for port in ports)
            return f"models: {{a: {{deployments: [{items}]}}}}"

        catalog = make_catalog(tmp_path, model(1, 2, 3))
        ids = {deployment.base_url: deployment.id for deployment in catalog.snapshot.find("a").deployments}
        assert list(ids.values()) == ["openai/x", "openai/x#2", "openai/x#3"]
        (tmp_path / "turnout.yaml").write_text(model(3, 4, 2))
        assert await catalog.reload()
        assert [(deployment.base_url, deployment.id) for deployment in catalog.snapshot.find("a").deployments] == [
            ("http://h:3", "openai/x#3"),
            ("http://h:4", "openai/x"),
            ("http://h:2", "openai/x#2"),
        ]

    async def test_what_was_discovered_stays_discovered(self, tmp_path: Path) -> None:
        async def ollama(request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
            if "11434" not in request.url:
                raise UpstreamUnreachable("nobody there")
            return 200, {}, b'["llama3"]'

        catalog = make_catalog(tmp_path, "models: {a: openai/x}")
        await catalog.discover(ollama)
        (tmp_path / "turnout.yaml").write_text("models: {b: openai/x}")
        assert await catalog.reload()
        assert served(catalog) == {"b", "llama3"}
        (tmp_path / "turnout.yaml").write_text("providers: {ollama: {base_url: 'http://elsewhere'}}")
        assert await catalog.reload()
        assert served(catalog) == set()  # another server: it hasn't been asked yet

    async def test_what_needs_a_restart_is_said(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path, "server: {port: 1}\ntimeouts: {connect: 1}")
        (tmp_path / "turnout.yaml").write_text("server: {port: 2}\ntimeouts: {connect: 2}")
        assert await catalog.reload()
        assert catalog.state().problems == ("the change of 'server' takes effect after a restart",)
        (tmp_path / "turnout.yaml").write_text("server: {port: 1}\ntimeouts: {connect: 2}")
        assert await catalog.reload()
        assert catalog.state().problems == ()


class TestWatching:
    async def test_a_change_is_told_once(self, tmp_path: Path) -> None:
        file = tmp_path / "f"
        file.write_text("a")
        signatures = changes([file], signature([file]), look_seconds=0.01)
        file.write_text("bb")
        assert await asyncio.wait_for(anext(signatures), SOON) == signature([file])
        again = asyncio.ensure_future(anext(signatures))
        done, _ = await asyncio.wait([again], timeout=0.1)
        assert not done
        file.unlink()
        assert await asyncio.wait_for(again, SOON) == (None,)

    async def test_a_folder_s_other_files_don_t_matter(self, tmp_path: Path) -> None:
        """Such as the log beside the configuration."""
        file = tmp_path / "f"
        file.write_text("a")
        signatures = asyncio.ensure_future(anext(changes([file], signature([file]), look_seconds=0.01)))
        (tmp_path / "turnout.log").write_text("line")
        done, _ = await asyncio.wait([signatures], timeout=0.1)
        assert not done
        signatures.cancel()


class TestState:
    def test_of_a_fresh_catalog(self, tmp_path: Path) -> None:
        state = make_catalog(tmp_path, "models: {a: openai/x}\nkeys: [{key: tk-12345}, {key: tk-67890}]").state()
        assert (state.ok, state.error, state.problems) == (True, None, ())
        assert (state.files, state.models, state.keys, state.auth_required) == (
            (str(tmp_path / "turnout.yaml"),),
            2,
            2,
            True,
        )

    def test_it_is_json(self, tmp_path: Path) -> None:
        assert msgspec.json.decode(msgspec.json.encode(make_catalog(tmp_path).state()))["ok"] is True

    def test_a_wrong_file_at_the_start_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError):
            make_catalog(tmp_path, "a: 1")

    def test_the_real_rooms_by_default(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without arguments: the process's environment, all providers, all policies."""
        (tmp_path / "turnout.yaml").write_text("models: {a: {policy: weighted, deployments: [openai/gpt-4o]}}")
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("TURNOUT_CONFIG", raising=False)
        monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
        assert only(Catalog(), "a").base_url == "https://api.openai.com/v1"
