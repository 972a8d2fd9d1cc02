"""Packages as pip leaves them behind: modules, and a ``.dist-info`` with entry points."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent


def install(folder: Path, name: str, modules: Mapping[str, str], **groups: str) -> None:
    """Puts the package ``name`` 1.2 into ``folder``, which has to be on the path.

    ``modules`` are their sources; ``groups`` are the entry points (``NAME = MODULE``) of ``turnout.providers``, ….
    """
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(dedent(source))
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    points = "".join(f"[turnout.{group}]\n{point}\n" for group, point in groups.items())
    (info / "entry_points.txt").write_text(points)
