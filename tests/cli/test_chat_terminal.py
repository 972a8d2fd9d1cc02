"""``turnout chat`` as a person meets it: typing, reading, Ctrl-C and Ctrl-D at a terminal."""

from __future__ import annotations

import time

from tests.cli.support import seen_by
from tests.cli.terminal import CTRL_C, CTRL_D, PASTE, Terminal, terminal
from tests.library.support import configured
from tests.support.simulator import Simulator
from tests.support.turnout_server import COMMAND

SLOW = "sim-slow-between-50-words-1000"


def left(simulator: Simulator, model: str, number: int) -> None:
    """Waits until the simulator has seen its client leave in the attempt of that number."""
    deadline = time.monotonic() + 2
    while seen_by(simulator, model)[number]["outcome"] != "client_left":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def say_goodbye(person: Terminal) -> None:
    person.wait_for("> ")
    person.type(CTRL_D)
    assert person.leave() == 0


def test_a_conversation_is_kept_until_ctrl_d(simulator: Simulator) -> None:
    price = {"input": 1, "output": 1}
    configured(simulator.root, {"m": {"deployments": ["openai/sim-id-conversation"], "price": price}})
    with terminal(COMMAND, "chat", "m", "--system", "Be brief.") as person:
        person.wait_for("m. Ctrl-C stops an answer, Ctrl-D leaves.\n> ")
        person.type("one two\r")
        person.wait_for("You said: one two\n")
        person.wait_for("openai/sim-id-conversation · 4 tokens in, 4 out · $0.000008 · first token 0.")
        person.wait_for("> ")
        person.type("three\r")
        person.wait_for("You said: three\n")
        person.wait_for("9 tokens in, 3 out")  # the system prompt, both questions, and the first answer
        say_goodbye(person)


def test_ctrl_c_stops_an_answer_and_keeps_what_had_come(simulator: Simulator) -> None:
    model = f"{SLOW}-id-stopped"
    configured(simulator.root, {"m": f"openai/{model}"})
    with terminal(COMMAND, "chat", "m") as person:
        person.wait_for("> ")
        person.type("one two\r")
        person.wait_for("word1 word2 word3")
        person.type(CTRL_C)
        person.wait_for("stopped\n")
        person.wait_for("about ")
        left(simulator, model, 0)
        person.wait_for("> ")
        person.type("again\r")
        person.wait_for("word1")
        person.type(CTRL_C)
        say_goodbye(person)
    first, second = seen_by(simulator, model)
    assert second["tokens_in"] >= first["tokens_in"] + 3 + 1  # the words that had come, and the new question


def test_ctrl_c_before_the_first_word_and_at_the_prompt(simulator: Simulator) -> None:
    model = "sim-slow-headers-60000-id-early"
    configured(simulator.root, {"m": f"openai/{model}"})
    with terminal(COMMAND, "chat", "m") as person:
        person.wait_for("> ")
        person.type("hello\r")
        deadline = time.monotonic() + 10
        while not seen_by(simulator, model):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        person.type(CTRL_C)
        person.wait_for("stopped")
        left(simulator, model, 0)
        person.wait_for("> ")
        person.type("half a thought")
        person.wait_for("half a thought")
        time.sleep(0.2)  # Python's readline overlooks a signal in the moment between showing a key and waiting for one
        person.type(CTRL_C)
        person.wait_for("Ctrl-D leaves.")
        say_goodbye(person)
    assert len(seen_by(simulator, model)) == 1


def test_a_failed_answer_ends_neither_the_program_nor_the_conversation(simulator: Simulator) -> None:
    configured(simulator.root, {"m": "openai/sim-status-401-times-1-id-refused"})
    with terminal(COMMAND, "chat", "m") as person:
        person.wait_for("> ")
        person.type("one\r")
        person.wait_for("turnout: openai answered 401")
        person.wait_for("> ")
        person.type("two\r")
        person.wait_for("You said: two\n")
        person.wait_for("1 token in")  # the question that was refused was never asked
        say_goodbye(person)


def test_a_pasted_text_of_several_lines_is_one_question() -> None:
    with terminal(COMMAND, "chat") as person:
        person.wait_for("echo. Ctrl-C")
        person.wait_for("> ")
        person.type(f"{PASTE[0]}line one\nline two{PASTE[1]}")
        person.wait_for("line two")
        person.type("\r")
        person.wait_for("line one line two\n")
        person.wait_for("4 tokens in")
        say_goodbye(person)


def test_thoughts_are_dimmed(simulator: Simulator) -> None:
    configured(simulator.root, {"m": "anthropic/sim-thinking"})
    with terminal(COMMAND, "chat", "m") as person:
        person.wait_for("> ")
        person.type("hi\r")
        person.wait_for("You said: hi\n")
        assert "\x1b[2mThe user wrote 1 words. I answer with them.\x1b[0m\nYou said: hi\n" in person.raw
        say_goodbye(person)


def test_a_model_cannot_play_with_the_terminal() -> None:
    with terminal(COMMAND, "chat", "echo", "a\x1b]0;owned\x07b\x1b[2Jc") as person:
        person.wait_for("a]0;ownedb[2Jc\n")
        assert person.leave() == 0


def test_a_model_that_is_not_there_is_told_before_the_first_question() -> None:
    with terminal(COMMAND, "chat", "ecko") as person:
        person.wait_for("turnout: The model 'ecko' does not exist here. Did you mean echo?")
        assert person.leave() == 1
