"""A copy of the checkout, with a virtual environment in which its own sources are imported, in every process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".cache" / "mutants"
_IGNORED = shutil.ignore_patterns(".*", "node_modules", "__pycache__")
_GRACE = 20  # seconds for pytest to end what it started


class Copy:
    def __init__(self, number: int) -> None:
        self.root = FOLDER / f"copy-{number}"
        self.records = self.root / "records"
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(ROOT, self.root, ignore=_IGNORED)
        (self.root / "tests/node/node_modules").symlink_to(ROOT / "tests/node/node_modules")
        self._make_environment()

    def _make_environment(self) -> None:
        """Makes commands with another first line, and uses our packages after the copy's sources."""
        environment = self.root / ".venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        ours = Path(sys.prefix)
        for command in (ours / "bin").iterdir():
            target = environment / "bin" / command.name
            if not target.exists() and command.read_bytes()[:2] == b"#!":
                target.write_bytes(command.read_bytes().replace(bytes(ours), bytes(environment), 1))
                target.chmod(0o755)
        packages = sysconfig.get_path("purelib")
        lines = (
            self.root,
            self.root / "src",
            f"import site; site.addsitedir({packages!r})",
            "import scripts.mutants.calls",
        )
        _, version, kind = Path(packages).parts[-3:]
        (environment / "lib" / version / kind / "copy.pth").write_text("".join(f"{line}\n" for line in lines))

    def record_calls(self, files: list[str]) -> None:
        """Runs these tests, and writes the called functions to ``records``."""
        shutil.rmtree(self.records, ignore_errors=True)
        self.records.mkdir()
        (self.records / "now").write_bytes(bytes(4))
        self._pytest(*files)
        (self.records / "now").unlink()

    def run_tests(self, names: list[str], seconds: float) -> int | None:
        """Runs them in this order until one fails. pytest's exit code; None when it took longer than ``seconds``."""
        (self.root / "selection").write_text("\n".join(names))
        return self._pytest("-x", *dict.fromkeys(name.partition("::")[0] for name in names), seconds=seconds)

    def first_failure(self) -> str:
        """The test that failed in the last run, or why there was none."""
        lines = (self.root / "output").read_text(errors="replace").splitlines()
        return next((line for line in lines if line.startswith(("FAILED ", "ERROR "))), lines[-1] if lines else "")

    def _pytest(self, *arguments: str, seconds: float | None = None) -> int | None:
        """Runs pytest with its output in the file ``output``."""
        python = str(self.root / ".venv/bin/python")
        command = [python, "-m", "pytest", "-p", "scripts.mutants.plugin", "-p", "no:cacheprovider", *arguments]
        with (self.root / "output").open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                return process.wait(seconds)
            except subprocess.TimeoutExpired:
                return None
            finally:
                _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends pytest by Ctrl-C if possible, so that it ends its servers."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
