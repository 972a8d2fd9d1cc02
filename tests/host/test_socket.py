"""The control socket: its limits, its peers, its end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.host.stage import Stage, stage, until, wait_until_up
from tests.host.subjects import DEFECT, DOUBLE, ECHO, HANG, LONG, add_handlers
from turnout.errors import ControlRefused, ControlTimeout, ControlUnavailable
from turnout.host import HostFolder, RemoteControl, ServedControl, Subject, control_listener
from turnout.host import served as served_module
from turnout.host.asker_connection import MOST_AT_ONCE
from turnout.host.frames import MOST_BYTES, Ask, Cancel, frame

HELLO = b"\x00\x00\x00\x02\x91\x02"


@pytest.fixture
async def at(folder: HostFolder) -> AsyncIterator[Stage]:
    async with stage(folder) as new_stage:
        yield new_stage


async def test_a_question_and_an_answer_may_be_nearly_as_long_as_a_frame(at: Stage) -> None:
    long = bytes(MOST_BYTES - 100)
    assert await at.remote.ask(ECHO, long, deadline_ms=LONG) == long


async def test_a_question_that_is_too_long_is_refused_and_harms_no_other(at: Stage) -> None:
    with pytest.raises(ControlRefused, match="too many for the control socket") as raised:
        await at.remote.ask(ECHO, bytes(MOST_BYTES), deadline_ms=LONG)
    assert raised.value.status == 413
    assert await at.remote.ask(DOUBLE, 1, deadline_ms=LONG) == 2


async def test_an_answer_that_is_too_long_is_refused_and_harms_no_other(at: Stage) -> None:
    async def large(question: int) -> bytes:
        return bytes(question)

    subject = Subject("large", int, bytes)
    at.served.handlers.add(subject, large)
    with pytest.raises(ControlRefused, match="too many for the control socket"):
        await at.remote.ask(subject, MOST_BYTES, deadline_ms=LONG)
    assert await at.remote.ask(subject, 9, deadline_ms=LONG) == bytes(9)


async def test_a_defect_in_a_handler_is_an_error_and_is_logged(at: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ControlRefused, match="failed to answer about 'defect'") as raised:
        await at.remote.ask(DEFECT, None, deadline_ms=LONG)
    assert raised.value.code == "internal_error"
    assert "ZeroDivisionError" in caplog.text


async def test_questions_and_answers_of_another_version_are_refused(at: Stage) -> None:
    with pytest.raises(ControlRefused, match="This is no question about 'double'") as raised:
        await at.remote.ask(Subject("double", str, int), "x", deadline_ms=LONG)
    assert raised.value.code == "invalid_request"
    with pytest.raises(ControlRefused, match="of another version of Turnout"):
        await at.remote.ask(Subject("double", int, str), 1, deadline_ms=LONG)


async def test_one_process_asks_no_more_at_once_than_the_limit(at: Stage) -> None:
    waiting = [asyncio.create_task(at.remote.ask(HANG, None, deadline_ms=LONG)) for _ in range(MOST_AT_ONCE)]
    await at.hanging.until(begun=MOST_AT_ONCE)
    with pytest.raises(ControlRefused) as raised:
        await at.remote.ask(DOUBLE, 1, deadline_ms=LONG)
    assert (raised.value.status, raised.value.code) == (503, "overloaded")
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    await at.hanging.until(cancelled=MOST_AT_ONCE)
    assert await at.remote.ask(DOUBLE, 1, deadline_ms=LONG) == 2


UNREADABLE = {
    "too-long": b"\xff\xff\xff\xffrest",
    "no-messagepack": b"\x00\x00\x00\x01\xc1",
    "no-such-kind": b"\x00\x00\x00\x02\x91\x09",
    "no-text": frame(Ask(1, "x", b"")).replace(b"x", b"\xff"),
    "the-same-id-twice": frame(Ask(1, "hang", b"\xc0")) * 2,
    "a-frame-of-the-control-process": HELLO,
}


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_only_the_connection_with_unreadable_bytes_is_closed(
    at: Stage, folder: HostFolder, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_unix_connection(folder.control)
    assert await reader.readexactly(len(HELLO)) == HELLO
    writer.write(sent)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    assert "can't be read and is closed" in caplog.text
    assert await at.remote.ask(DOUBLE, 1, deadline_ms=LONG) == 2


async def test_handlers_are_cancelled_when_the_asker_dies(at: Stage, folder: HostFolder) -> None:
    reader, writer = await asyncio.open_unix_connection(folder.control)
    await reader.readexactly(len(HELLO))
    writer.write(frame(Ask(1, "hang", b"\xc0")) + frame(Cancel(99)))
    await at.hanging.until(begun=1)
    writer.transport.abort()
    await at.hanging.until(cancelled=1)


async def test_a_process_of_another_user_is_not_let_in(
    at: Stage, folder: HostFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    reader, writer = await asyncio.open_unix_connection(folder.control)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    assert "another user is not let in" in caplog.text


async def test_a_connection_waits_for_a_free_file_descriptor(
    at: Stage, folder: HostFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def is_logged() -> bool:
        return "can't take a connection" in caplog.text

    monkeypatch.setattr(served_module, "_PAUSE", 0.01)
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(folder.control))
        resource.setrlimit(resource.RLIMIT_NOFILE, (5, allowed[1]))
        try:
            await until(is_logged)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, allowed)
        client.setblocking(False)
        assert await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 100), 10) == HELLO
    assert await at.remote.ask(DOUBLE, 1, deadline_ms=LONG) == 2


async def test_the_control_process_knows_when_it_is_alone(folder: HostFolder) -> None:
    with control_listener(folder.control) as listener:
        served = ServedControl(listener)
        async with served.opened():
            await served.until_alone()
            remote = RemoteControl(folder.control)
            async with remote.opened():
                await wait_until_up(remote)
                alone = asyncio.create_task(served.until_alone())
                await asyncio.sleep(0)
                assert not alone.done()
            await asyncio.wait_for(alone, 10)


async def test_questions_are_refused_at_once_without_a_control_process(folder: HostFolder) -> None:
    with control_listener(folder.control) as listener:
        remote = RemoteControl(folder.control)
        async with remote.opened():
            began = time.monotonic()
            with pytest.raises(ControlUnavailable, match=r"isn't there.*try again") as raised:
                await remote.ask(DOUBLE, 1, deadline_ms=LONG)
            await asyncio.sleep(0.05)  # connected by now, but not accepted
            with pytest.raises(ControlUnavailable):
                await remote.ask(DOUBLE, 1, deadline_ms=LONG)
            assert time.monotonic() - began < 5
            assert not raised.value.maybe_done
            served = ServedControl(listener)
            add_handlers(served)
            async with served.opened():
                await wait_until_up(remote)
                assert await remote.ask(DOUBLE, 1, deadline_ms=LONG) == 2


async def test_nothing_is_asked_once_it_is_left(folder: HostFolder) -> None:
    """Leaving waits for the end of the connection, which would take another question else."""
    async with stage(folder) as at:
        another = RemoteControl(folder.control)
        async with another.opened():
            await wait_until_up(another)
        with pytest.raises(ControlUnavailable, match="isn't there") as raised:
            await another.ask(DOUBLE, 1, deadline_ms=LONG)
        assert not raised.value.maybe_done
        assert await at.remote.ask(DOUBLE, 1, deadline_ms=LONG) == 2


async def test_questions_under_way_fail_with_the_control_process_and_the_next_one_answers(folder: HostFolder) -> None:
    with control_listener(folder.control) as listener:
        remote = RemoteControl(folder.control)
        async with remote.opened():
            for _ in range(3):
                served = ServedControl(listener)
                hanging = add_handlers(served)
                async with served.opened():
                    await wait_until_up(remote)
                    question = asyncio.create_task(remote.ask(HANG, None, deadline_ms=LONG))
                    await hanging.until(begun=1)
                with pytest.raises(ControlUnavailable, match="ended before it answered") as raised:
                    await question
                assert raised.value.maybe_done
                assert hanging.cancelled == 1


async def test_a_missing_socket_is_logged_once(folder: HostFolder, caplog: pytest.LogCaptureFixture) -> None:
    remote = RemoteControl(folder.control)
    async with remote.opened():
        await asyncio.sleep(0.2)  # several tries
        with pytest.raises(ControlUnavailable):
            await remote.ask(DOUBLE, 1, deadline_ms=LONG)
    assert caplog.text.count("the socket of the control process can't be reached") == 1


async def test_a_control_process_that_hangs_gets_no_more_questions(folder: HostFolder) -> None:
    """Otherwise the questions would fill the memory of the other processes."""

    end = asyncio.Event()  # kept here: a task that only waits for its own event is garbage

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HELLO)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # typed as a mere WriteTransport
        await end.wait()

    server = await asyncio.start_unix_server(greet, folder.control)
    remote, outcomes = RemoteControl(folder.control), list[str]()

    async def ask() -> None:
        try:
            await remote.ask(ECHO, bytes(100_000), deadline_ms=20)
        except (ControlTimeout, ControlUnavailable) as error:
            outcomes.append(str(error))

    async def accepted() -> bool:
        return remote._connection is not None and remote._connection.accepted

    async with remote.opened():
        await until(accepted)
        for _ in range(100):
            await ask()
            if "reads no questions" in outcomes[-1]:
                break
        else:
            pytest.fail(f"it got questions for ever: {set(outcomes)}")
    server.close()


async def test_nothing_is_left_open(folder: HostFolder) -> None:
    with control_listener(folder.control) as listener:
        await open_and_close(listener, folder)  # the loop opens files at its first socket and keeps them
        gc.collect()  # what earlier tests have left open is closed by it, sooner or later
        before = open_files()
        for _ in range(20):
            await open_and_close(listener, folder)
        assert open_files() <= before


async def open_and_close(listener: socket.socket, folder: HostFolder) -> None:
    served, remote = ServedControl(listener), RemoteControl(folder.control)
    add_handlers(served)
    async with remote.opened(), served.opened():
        await wait_until_up(remote)
        await asyncio.gather(*(remote.ask(DOUBLE, n, deadline_ms=LONG) for n in range(50)))
        with pytest.raises(ControlTimeout):
            await remote.ask(HANG, None, deadline_ms=1)
    await asyncio.sleep(0.01)


def open_files() -> int:
    return len([*Path("/dev/fd").iterdir()])
