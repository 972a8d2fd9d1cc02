"""Every test here runs on the standard library's event loop and on uvloop, because their sockets differ."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvloop

from turnout.host import HostFolder, new_host_folder


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def folder() -> Iterator[HostFolder]:
    """A folder in the real temporary folder, because the path of a socket must be short."""
    new_folder = new_host_folder()
    yield new_folder
    new_folder.remove()
