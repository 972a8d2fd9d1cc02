"""Runs tests/live against a real llama.cpp server, which it compiles once, with a model that it makes itself.

It runs them against a real Ollama, too, if this machine has one (``live_ollama.py``), and has two of llama.cpp's own
servers go on for each other, if it has these (``live_llama_server.py``).

``LIVE_VENV`` names a virtual environment that has the packages of live-requirements.txt already.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts import live_llama_server
from scripts.live_ollama import found, ollama
from tests.support.process import Program, free_port

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "scripts/live-requirements.txt"
CONTEXT = 4096


def environment() -> Path:
    """The Python that has the engine. Compiling takes minutes, so it is done once."""
    own = ROOT / ".cache/live"
    folder = Path(os.environ.get("LIVE_VENV", own))
    python = folder / "bin/python"
    done = folder / "installed"
    if folder == own and (not done.exists() or done.read_text() != REQUIREMENTS.read_text()):
        print("Compiling llama.cpp into .cache/live, once; this takes some minutes …", flush=True)
        subprocess.run([ROOT / "scripts/need-debian", "g++"], check=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS]
        subprocess.run(install, check=True, env=os.environ | {"CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count())})
        done.write_text(REQUIREMENTS.read_text())
    return python


def engine(python: Path, model: Path, folder: Path, port: int) -> Program:
    """A running engine. It works on one request at a time, and finishes each."""
    options = {
        "--model": str(model),
        "--model_alias": "tiny",
        "--host": "127.0.0.1",
        "--port": str(port),
        "--n_ctx": str(CONTEXT),
        "--interrupt_requests": "false",
    }
    command: list[str | Path] = [
        python,
        "-m",
        "llama_cpp.server",
        *(word for option in options.items() for word in option),
    ]
    program = Program("llama.cpp", command, folder / "engine.log")
    program.wait_until_ready(port, "/v1/models")
    return program


def main() -> int:
    python = environment()
    with tempfile.TemporaryDirectory(prefix="turnout-live-") as root:
        folder, port = Path(root), free_port()
        model = folder / "tiny.gguf"
        subprocess.run([python, ROOT / "scripts/tiny_gguf.py", model], check=True)
        programs = [engine(python, model, folder, port)]
        try:
            environ = {"LIVE_LLAMA_URL": f"http://127.0.0.1:{port}", "LIVE_MODEL": str(model)}
            tests: list[str] = ["tests/live"]
            server_program = live_llama_server.found()
            if server_program is None:
                print("There is no llama-server here, so nobody is killed; scripts/live_llama_server.py has it.")
                tests.append("--ignore=tests/live/test_continuation.py")
            else:
                environ["LIVE_LLAMA_SERVER"] = server_program
            program = found()
            if program is None:
                print("There is no ollama here, so its tests are left out; scripts/live_ollama.py says how to get one.")
                tests.append("--ignore=tests/live/test_ollama.py")
            else:
                server, environ["LIVE_OLLAMA_URL"] = ollama(program, model, folder)
                programs.append(server)
            command = [sys.executable, "-m", "pytest", "-m", "live", *tests, *sys.argv[1:]]
            return subprocess.run(command, cwd=ROOT, check=False, env=os.environ | environ).returncode
        finally:
            for running in programs:
                running.kill()


if __name__ == "__main__":
    sys.exit(main())
