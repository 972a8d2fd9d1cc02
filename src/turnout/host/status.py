"""The subject ``status``: the control process's id and its time of start."""

from __future__ import annotations

import os
import time
from types import NoneType
from typing import Final

import msgspec

from .subjects import Handler, Subject


class ControlStatus(msgspec.Struct, frozen=True):
    """``started`` is a Unix time in seconds."""

    pid: int
    started: int


STATUS: Final = Subject("status", NoneType, ControlStatus)


def status_of_this_process() -> Handler[None, ControlStatus]:
    status = ControlStatus(os.getpid(), int(time.time()))

    async def answer(question: None) -> ControlStatus:
        return status

    return answer
