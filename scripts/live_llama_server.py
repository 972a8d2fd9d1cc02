"""llama.cpp's own server for tests/live, if this machine has one.

``LIVE_LLAMA_SERVER`` names the program, or ``llama-server`` is installed. The source of llama-cpp-python has llama.cpp
in its folder ``vendor``: ``cmake -B build -DLLAMA_OPENSSL=OFF && cmake --build build --target llama-server`` builds it
there in some minutes.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.support.process import Program

CONTEXT = 4096


def found() -> str | None:
    """The program, None where there is none."""
    return os.environ.get("LIVE_LLAMA_SERVER") or shutil.which("llama-server")


def llama_server(program: str, model: Path, folder: Path, port: int) -> Program:
    """A running server with the model ``tiny``. It works on one request at a time."""
    options = {
        "--model": str(model),
        "--alias": "tiny",
        "--host": "127.0.0.1",
        "--port": str(port),
        "--ctx-size": str(CONTEXT),
        "--parallel": "1",
        "--threads": "1",
    }
    words = [word for option in options.items() for word in option]
    server = Program("llama-server", [program, *words, "--no-webui"], folder / f"llama-{port}.log")
    server.wait_until_ready(port, "/health")
    return server
