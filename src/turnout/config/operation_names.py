"""The names of operations, and the paths that name one.

A limit on a path is a limit on its operation. So another path of the same operation, in any dialect, is no way around.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from turnout.core import OPERATIONS, VECTOR_SEARCH
from turnout.dialects import registry

from .mistakes import suggestion

ALL: Final = "all"
OPERATION_NAMES: Final = (ALL, *sorted(OPERATIONS))
_MODEL: Final = "{model}"
_BESIDE_DIALECTS: Final = {"/v1/vector/search": VECTOR_SEARCH}
_CONCRETE: Final = (
    "expected {model} in place of the model's name: a path names its operation. A model's own limits belong under "
    "'models'"
)


def is_operation_name(name: str) -> bool:
    """Whether it looks like the name of an operation, of all of them, or like a path."""
    return name in OPERATION_NAMES or name.startswith("/")


def operation_of(name: str) -> str:
    """The operation of a name or a path; empty for ``all``. Raises ``ValueError`` with what was expected."""
    if name == ALL:
        return ""
    if name in OPERATIONS:
        return name
    if not name.startswith("/"):
        hint = suggestion(name, OPERATION_NAMES)
        raise ValueError(f"expected one of {', '.join(OPERATION_NAMES)}, or the path of an endpoint{hint}")
    paths = _operations_by_path()
    pattern = name if name in paths else next(filter(lambda each: _fits(name, each), paths), "")
    if not pattern:
        raise ValueError(f"expected the path of an endpoint that a model answers{suggestion(name, list(paths))}")
    if _MODEL in pattern and _MODEL not in name:
        raise ValueError(_CONCRETE)
    return paths[pattern]


@cache
def _operations_by_path() -> Mapping[str, str]:
    """The longest paths first: of two patterns that fit, the server takes the longer one."""
    endpoints = [endpoint for dialect in registry().values() for endpoint in dialect.endpoints]
    paths = {path: endpoint.operation for endpoint in endpoints for path in endpoint.paths}
    return {path: paths[path] for path in sorted(paths, key=len, reverse=True)} | _BESIDE_DIALECTS


def _fits(path: str, pattern: str) -> bool:
    before, model, after = pattern.partition(_MODEL)
    return bool(model) and path.startswith(before) and path.endswith(after) and len(path) > len(before) + len(after)
