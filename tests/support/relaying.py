"""The operations of wires that a dialect speaks, too."""

from __future__ import annotations

from typing import Any

from turnout.core import Request
from turnout.providers import Decoder, Operation


def relay_of(operation: Operation[Any], request: Request) -> Decoder:
    """The relay of ``operation``, which has to have one."""
    assert hasattr(operation, "relay")
    relay: Decoder = operation.relay(request)
    return relay
