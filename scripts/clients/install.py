"""Installs a client into ``.cache/clients``, once for each version."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.support.node import npm

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache/clients"
PACKAGES: dict[str, dict[str, list[str]]] = tomllib.loads((Path(__file__).parent / "packages.toml").read_text())


def versions(package: str) -> list[str]:
    """What it is installed from, like ``ai@7.0.173`` or ``llm==0.36``."""
    return [requirement for requirements in PACKAGES[package].values() for requirement in requirements]


def install(package: str) -> None:
    folder = FOLDER / package
    wanted = json.dumps(PACKAGES[package])
    done = folder / "installed"
    if done.exists() and done.read_text() == wanted:
        return
    print(f"Installing {', '.join(versions(package))} into .cache/clients, once …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if "npm" in PACKAGES[package]:
        (folder / "package.json").write_text('{"private": true}')
        command = [*npm(), "install", "--no-audit", "--no-fund", "--loglevel=error", *PACKAGES[package]["npm"]]
        subprocess.run(command, cwd=folder, check=True)
    else:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip: list[str | Path] = [
            folder / "bin/python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, *PACKAGES[package]["python"]], check=True)
    done.write_text(wanted)
