"""The second answer is the first, in whichever dialect and form it is asked for."""

from __future__ import annotations

import itertools

import pytest

from tests.cache.served import PROVIDERS, Served, new_model
from tests.e2e.clients import EVERY_DIALECT

_WAYS = tuple(itertools.product(EVERY_DIALECT, (False, True)))


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
async def test_the_same_question_is_answered_in_every_dialect(
    served: Served, provider: str, dialect: str, stream: bool
) -> None:
    model = new_model(provider)
    first = await served.ask(dialect, model, "Name a colour.", stream=stream, system="Be brief.")
    for other, streamed in _WAYS:
        again = await served.ask(other, model, "Name a colour.", stream=streamed, system="Be brief.")
        assert again == first, (other, streamed)
    assert await served.attempts(model) == 1
