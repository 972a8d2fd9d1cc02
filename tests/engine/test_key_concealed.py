"""A provider's key is in no error, however late the error comes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.engine.support import House, house, place
from tests.engine.test_settling import HEL, PLAIN, RELAYED, streaming
from tests.support.openai_wire import sse
from tests.support.raw_upstream import RawUpstream
from turnout.core import ChatRequest
from turnout.errors import UpstreamRefused

KEY = "sk-secret"
QUOTED = sse({"error": {"message": f"Incorrect API key provided: {KEY}.", "code": 401}})


async def refused(it: House, request: ChatRequest) -> UpstreamRefused:
    with pytest.raises(UpstreamRefused, match="Incorrect API key") as caught:
        await (await it.ask(request)).read_all()
    return caught.value


@pytest.mark.parametrize("request_", [RELAYED, PLAIN], ids=["relayed", "translated"])
@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([QUOTED], id="first"),
        pytest.param([HEL, QUOTED], id="in-the-middle"),
        pytest.param([HEL + QUOTED], id="with-what-came-before"),
    ],
)
async def test_a_key_that_the_provider_quotes_is_concealed(request_: ChatRequest, pieces: Sequence[bytes]) -> None:
    async with RawUpstream(streaming(*pieces)) as server, house(place(server)) as it:
        error = await refused(it, request_)
        assert KEY not in str(error)
        assert KEY not in repr(it.book.ends)
        assert it.book.ends[0].error is not None
        assert "Incorrect API key" in it.book.ends[0].error
