"""Tools of forms that only Responses has, and that the client runs. Other wires have them as functions.

Their calls are given back in their own items, whose fields are those of OpenAI's SDK (``openai.types.responses``):
https://github.com/openai/openai-python/tree/main/src/openai/types/responses
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

_encode = msgspec.json.encode
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


class Form(msgspec.Struct, frozen=True):
    """``call`` is the type of the items with a call, ``prefix`` begins their ids, and ``field`` has the model's choice.

    ``empty`` is that field before the model has chosen, and ``constants`` are in it whatever the model chooses.
    ``parameters`` and ``description`` are the function's. ``more`` are other fields of the item.
    """

    call: str
    prefix: str
    field: str
    parameters: Raw
    description: str
    empty: Mapping[str, Any]
    constants: Mapping[str, Any] = {}
    more: Mapping[str, Any] = {}

    def fields(self, arguments: str) -> dict[str, Any] | None:
        """The item's own fields for a call with these arguments; None if they are no object."""
        try:
            chosen = _OBJECT.decode(arguments or "{}")
        except (msgspec.DecodeError, RecursionError):
            return None
        return {self.field: {**self.empty, **self.constants, **chosen}, **self.more}

    def begun(self) -> dict[str, Any]:
        return {self.field: {**self.empty, **self.constants}, **self.more}


def _schema(required: Sequence[str], **properties: Any) -> Raw:
    return Raw(_encode({"type": "object", "properties": properties, "required": list(required)}))


_STRING: Final = {"type": "string"}
_INTEGER: Final = {"type": "integer"}
_STRINGS: Final = {"type": "array", "items": _STRING}

FORMS: Final[Mapping[str, Form]] = {
    "local_shell": Form(
        "local_shell_call",
        "lsh",
        "action",
        _schema(["command"], command=_STRINGS, working_directory=_STRING, timeout_ms=_INTEGER),
        "Runs a command on the user's machine. The command is a list: the program, then its arguments.",
        {"command": []},
        constants={"type": "exec", "env": {}},
    ),
    "shell": Form(
        "shell_call",
        "sh",
        "action",
        _schema(["commands"], commands=_STRINGS, timeout_ms=_INTEGER, max_output_length=_INTEGER),
        "Runs commands in a shell on the user's machine, one after the other.",
        {"commands": []},
    ),
    "apply_patch": Form(
        "apply_patch_call",
        "apc",
        "operation",
        _schema(
            ["type", "path"],
            type={"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
            path=_STRING,
            diff=_STRING,
        ),
        "Creates, updates or deletes a file. The diff is in the V4A format, without headers of files: each line begins "
        "with a space (kept), - (removed) or + (added), and @@ with a line of the file leads to its place. In a new "
        "file each line begins with +. Deleting needs no diff.",
        {"type": "update_file", "path": "", "diff": ""},
    ),
    "tool_search": Form(
        "tool_search_call",
        "tsc",
        "arguments",
        _schema(["query"], query=_STRING),
        "Searches for more tools, which can be called afterwards.",
        {},
        more={"execution": "client"},
    ),
}
"""By the type of the tool. https://platform.openai.com/docs/guides/tools-local-shell, …/tools-shell,
…/tools-apply-patch, …/tools-tool-search
"""

BY_CALL: Final = {form.call: (tool, form) for tool, form in FORMS.items()}
