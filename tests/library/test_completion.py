"""``turnout.chat_completion``, each time in a process of its own: what it opens stays open as long as that lives."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

from tests.library.support import configured, wait_until
from turnout.simulator import Simulator

ASK = "turnout.chat_completion([{'role': 'user', 'content': 'hello there'}], model='echo')"


def run(source: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import turnout\n{source}"], capture_output=True, text=True, timeout=30, check=False
    )


def printed_by(source: str) -> list[str]:
    """The lines it printed, when it ended well and complained of nothing."""
    ended = run(source)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.splitlines()


def test_chat_completion_works_without_an_event_loop() -> None:
    assert printed_by(f"reply = {ASK}\nprint(reply.text)\nprint(reply.deployment)") == ["hello there", "echo/echo"]


def test_chat_completion_works_inside_a_running_event_loop() -> None:
    source = f"import asyncio\nasync def main():\n    return {ASK}\nprint(asyncio.run(main()).text)"
    assert printed_by(source) == ["hello there"]


def test_chat_completion_works_in_many_threads_and_keeps_its_connections() -> None:
    source = f"""
import threading
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(16) as pool:
    print({{reply.text for reply in pool.map(lambda _: {ASK}, range(64))}})
print(sum(thread.name == "turnout" for thread in threading.enumerate()))
"""
    assert printed_by(source) == ["{'hello there'}", "1"]


def test_a_forked_process_opens_its_own() -> None:
    source = f"""
import os, warnings
warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads, and this is one
{ASK}
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
print({ASK}.text, flush=True)
if not child:
    os._exit(0)
"""
    assert printed_by(source) == ["hello there", "hello there"]


def test_the_configuration_is_that_of_the_current_folder() -> None:
    configured("", {"mine": "echo/parrot"})
    source = "print(turnout.chat_completion([{'role': 'user', 'content': 'hi'}]).deployment)"
    assert printed_by(source) == ["echo/parrot"]


def test_a_wrong_configuration_can_be_mended_and_tried_again() -> None:
    source = f"""
from pathlib import Path
Path("turnout.yaml").write_text("models: 7")
try:
    {ASK}
except turnout.errors.ConfigError as error:
    print(error)
Path("turnout.yaml").unlink()
print({ASK}.text)
"""
    assert printed_by(source) == ["turnout.yaml:1: models: expected a mapping", "hello there"]


def test_mistakes_are_raised() -> None:
    ended = run("turnout.chat_completion([], model='echo')")
    assert ended.returncode == 1
    assert "turnout.errors.InvalidRequest: Invalid 'messages'" in ended.stderr


def test_nothing_is_lost_when_the_process_ends() -> None:
    """What the first one leaves in the journal, the next one puts into the ledger."""
    (request_id,) = printed_by(f"print({ASK}.request_id)")
    source = """
import asyncio, sqlite3, time
async def main():
    async with turnout.open():
        await asyncio.sleep(0.3)
asyncio.run(main())
print(*sqlite3.connect("data/turnout.db").execute("SELECT request_id, outcome, output FROM attempts"))
"""
    assert printed_by(source) == [f"('{request_id}', 'ok', 2)"]


def test_errors_of_the_loop_at_the_processs_end_are_not_reported() -> None:
    source = """
import asyncio, atexit, threading, time
from turnout.library.background import Background

async def begin():
    asyncio.create_task(look_after_the_end())

async def look_after_the_end():
    while threading.main_thread().is_alive():
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.05)
    await asyncio.to_thread(print, "no thread is started any more")

Background().run(begin())
atexit.register(time.sleep, 0.2)
"""
    assert printed_by(source) == []


async def test_ctrl_c_stops_the_provider(sim: Simulator) -> None:
    configured(sim.url, {"m": "openai/sim-no-reply"})
    source = "import turnout; turnout.chat_completion([{'role': 'user', 'content': 'hi'}])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", source, stderr=subprocess.PIPE)
    await wait_until(lambda: len(sim.attempts) == 1)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(5):
        _, complaint = await process.communicate()
        await wait_until(lambda: sim.attempts[0].outcome == "client_left")
    assert process.returncode != 0
    assert complaint.endswith(b"KeyboardInterrupt\n")
