"""The script in Redis answers as the Python does, in simulated time."""

from __future__ import annotations

import itertools
import secrets
from importlib.resources import files

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from tests.support.redis_server import RedisServer
from turnout.guard.store import Answer, Counter, Question
from turnout.guard.store.answering import State, answer, new_state

LIMITS = {"l1": (7, 1), "l2": (100, 10), "l3": (100_000, 3600)}
BUDGETS = {"b1": 1000, "b2": 25 * 10**12}
SCRIPT = (files("turnout.guard.store") / "draw.lua").read_text().replace("redis.call('TIME')", "{ARGV[3], ARGV[4]}")
START = 1_796_126_400_000_000
scope = itertools.count()

units = st.one_of(st.integers(0, 12), st.integers(0, 2 * 10**5), st.integers(0, 30 * 10**12))
counters = st.one_of(
    st.builds(
        lambda name, ahead, debt, back: Counter(name, *LIMITS[name], ahead=ahead, debt=debt, back=back),
        st.sampled_from(sorted(LIMITS)),
        st.integers(0, 50),
        st.integers(0, 3),
        st.lists(st.tuples(st.integers(-1100, 60), st.integers(1, 5)), max_size=2),
    ),
    st.builds(
        lambda name, held, settled, revision, ahead: Counter(name, BUDGETS[name], 0, held, settled, revision, ahead),
        st.sampled_from(sorted(BUDGETS)),
        units,
        st.one_of(st.just(-1), units),
        st.integers(0, 2),
        units,
    ),
)
draws = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), max_size=3, unique_by=lambda d: d[0]), max_size=4
)
questions = st.tuples(
    st.sampled_from(["a", "b"]),
    st.integers(0, 3),
    st.lists(counters, min_size=1, max_size=4, unique_by=lambda counter: counter.id),
    draws,
    st.sampled_from(
        [-2_000_000, 0, 1, 999, 20_000, 600_000, 1_100_000, 9_999_999, 11_000_000, 901_000_000, 3_700_000_000]
    ),
)


@settings(max_examples=100)
@given(asked=st.lists(questions, min_size=1, max_size=12))
def test_the_script_answers_as_the_python_does(
    redis_server: RedisServer, asked: list[tuple[str, int, list[Counter], list[list[tuple[int, int]]], int]]
) -> None:
    redis = Redis.from_url(redis_server.url)
    prefix, states, now = f"{next(scope)}-{secrets.token_hex(4)}", dict[str, State](), START
    for number, (owner, behind, told, wanted, pause) in enumerate(asked, 10):
        now += pause
        for counter in told:
            if counter.seconds:  # buckets are told in distance from now
                width = counter.seconds * 1000
                counter.back = [(now // width + bucket, gone) for bucket, gone in counter.back]
        draws_of_these = [[(place, need) for place, need in draw if place < len(told)] for draw in wanted]
        question = Question(owner, number - behind, told, draws_of_these)
        expected = answer(question, [states.setdefault(c.id, new_state(c)) for c in told], now, "life")
        keys = [f"{prefix}:{name}" for name in ("life", owner, *(counter.id for counter in told))]
        seconds, micros = divmod(now, 1_000_000)
        written = redis.eval(SCRIPT, len(keys), *keys, msgspec.msgpack.encode(question), "life", seconds, micros)
        assert msgspec.msgpack.decode(written, type=Answer) == expected
    redis.close()
