"""A real Ollama for tests/live, if this machine has one: ``LIVE_OLLAMA`` names the program, or ``ollama`` is installed.

Go builds one without the internet's weights in ten minutes, with the headers of Debian's ``nlohmann-json3-dev`` and
``libstb-dev`` and with ``miniaudio.h`` below a folder ``miniaudio``:
``CGO_CPPFLAGS=-I… go install github.com/ollama/ollama@v0.17.4``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.support.process import Program, free_port

_PLAIN: Final = "{{ range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}assistant:"
_ABLE: Final = (
    "{{ range .Tools }}{{ .Function.Name }}\n{{ end }}{{ range .Messages }}{{ .Role }}: "
    "{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}"
    "{{ range .ToolCalls }}<tool_call>{{ .Function.Arguments }}</tool_call>{{ end }}\n{{ end }}assistant:"
)
TEMPLATES: Final[Mapping[str, str]] = {"tiny": _PLAIN, "able": _ABLE}
"""The models' names. Ollama finds out what a model can do from its template."""


def found() -> str | None:
    """The program, None where there is none."""
    return os.environ.get("LIVE_OLLAMA") or shutil.which("ollama")


def ollama(program: str, gguf: Path, folder: Path) -> tuple[Program, str]:
    """A running Ollama that has the models, and its address. It works on one request at a time."""
    port = free_port()
    environ = {
        "HOME": str(folder),
        "OLLAMA_HOST": f"127.0.0.1:{port}",
        "OLLAMA_MODELS": str(folder / "models"),
        "OLLAMA_NUM_PARALLEL": "1",
        "OLLAMA_NO_CLOUD": "1",
    }
    server = Program("ollama", [program, "serve"], folder / "ollama.log", environ)
    server.wait_until_ready(port, "/api/version")
    for name, template in TEMPLATES.items():
        modelfile = folder / f"{name}.modelfile"
        modelfile.write_text(f'FROM {gguf}\nTEMPLATE """{template}"""\nPARAMETER num_ctx 4096\n')
        command = [program, "create", name, "-f", str(modelfile)]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | environ)
    return server, f"http://127.0.0.1:{port}"
