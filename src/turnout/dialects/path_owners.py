"""Which dialect has which path. No dialect takes a path of another one."""

from __future__ import annotations

from turnout.plugins import InvalidPlugin

_MODEL = "{model}"


class PathOwners:
    """Knows every path, and the dialect that has it."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._patterns: dict[str, str] = {}

    def claim(self, path: str, dialect: str) -> None:
        """Raises ``InvalidPlugin`` if a request to ``path`` could mean another dialect too. ``{model}`` is any text."""
        if not path.startswith("/"):
            raise InvalidPlugin(f"the path '{path}' of the dialect '{dialect}' has to begin with '/'")
        if (owner := self._owners.setdefault(path, dialect)) != dialect:
            raise InvalidPlugin(f"the dialect '{dialect}' takes the path {path}, which the dialect '{owner}' has")
        for other, owner in (self._owners if _MODEL in path else self._patterns).items():
            if owner != dialect and _overlap(path, other):
                raise InvalidPlugin(
                    f"the dialect '{dialect}' takes the path {path}, part of {other} of the dialect '{owner}'"
                )
        if _MODEL in path:
            self._patterns[path] = dialect


def _overlap(path: str, other: str) -> bool:
    """Tells whether an address fits both paths. At least one of them has a ``{model}``."""
    if _MODEL not in path:
        return _fits(path, other)
    if _MODEL not in other:
        return _fits(other, path)
    (before, _, after), (other_before, _, other_after) = path.partition(_MODEL), other.partition(_MODEL)
    begins_alike = before.startswith(other_before) or other_before.startswith(before)
    return begins_alike and (after.endswith(other_after) or other_after.endswith(after))


def _fits(path: str, pattern: str) -> bool:
    before, _, after = pattern.partition(_MODEL)
    return path.startswith(before) and path.endswith(after) and len(path) > len(before) + len(after)
