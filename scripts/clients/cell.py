"""Runs one client's task at one provider, and judges it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from .client import Client, Place
from .recorder import Exchange
from .refusals import LAWFUL
from .stage import Stage
from .tasks import CALLING, FAILING, Seen, Task, clean

TASK_SECONDS = 90
CANCEL_SECONDS = 5
OK = "ok"


async def run_task(client: Client, task: Task, stage: Stage, place: Place, log: Path) -> str:
    """``ok``, ``refused: FIELD`` for a refusal that is right, or what is wrong. The log has all that was said."""
    await stage.clear()
    calls = client.calls(task.name, place) if task.name in CALLING else ""
    asked = await client.ask(task.name, f"{task.prompt} {calls}".strip(), place)
    printing = asyncio.create_task(asked.output())
    if task.name == "cancel":
        await stage.attempts_until(lambda attempt: attempt["events"] > 2, printing, TASK_SECONDS)
        await asked.interrupt()
        if await stage.attempts():
            await stage.attempts_until(lambda attempt: attempt["outcome"] != "open", None, CANCEL_SECONDS)
    done, _ = await asyncio.wait([printing], timeout=TASK_SECONDS)
    if not done:
        await asked.interrupt()
    output = await printing
    verdict = await _judged(client, task, stage, output) if done else f"it was not done after {TASK_SECONDS} s"
    said = _log(verdict, output, stage.recorder.exchanges, await stage.attempts(), await stage.requests())
    await asyncio.to_thread(log.write_text, said)
    return verdict


async def _judged(client: Client, task: Task, stage: Stage, output: str) -> str:
    exchanges = list(stage.recorder.exchanges)
    seen = Seen(
        output=clean(output),
        attempts=await stage.attempts(),
        requests=await stage.requests(),
        outcomes=await stage.outcomes(),
        too_long=client.too_long,
    )
    wrong = task.check(seen)
    if not wrong:
        return OK
    told_to_fail = task.name in FAILING and seen.attempts
    words = "" if told_to_fail else next(filter(None, map(error_words, reversed(exchanges))), "")
    lawful = (client.name, task.name, stage.provider.name) in LAWFUL
    return f"{'refused' if lawful else 'Turnout says'}: {words}" if words else wrong


def error_words(exchange: Exchange) -> str:
    """The message of an error reply; empty for an answer."""
    if exchange.status < 400:
        return ""
    said = exchange.reply.decode("utf-8", "replace")
    message = re.search(r'"(?:message|error)": ?"((?:[^"\\]|\\.)*)"', said)
    return message[1] if message else said


def _log(
    verdict: str, output: str, exchanges: list[Exchange], attempts: list[dict[str, Any]], requests: list[str]
) -> str:
    parts = [verdict, f"--- the client printed\n{output}"]
    for exchange in exchanges:
        body, reply = (text.decode("utf-8", "replace") for text in (exchange.body, exchange.reply))
        dropped = exchange.reply_headers.get("x-turnout-dropped", "")
        parts.append(
            f"--- {exchange.method} {exchange.path}\n{body}\n--> {exchange.status} dropped: {dropped}\n{reply}"
        )
    parts += ["--- the provider saw", *requests, *(json.dumps(attempt) for attempt in attempts)]
    return "\n".join(parts)
