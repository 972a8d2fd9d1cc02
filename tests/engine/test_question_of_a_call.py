"""What a call asks of its deployments beside its request: by its headers and its key."""

from __future__ import annotations

from msgspec import structs

from tests.engine.support import KEY, ORIGIN
from tests.support.openai_wire import ENDPOINT, request_body
from turnout.engine import Call
from turnout.engine.call import question_of

CALL = Call(request=ENDPOINT.parse(request_body()), request_id="r", received=0.0, origin=ORIGIN, key=KEY, size=400)


def test_it_has_the_size_the_session_and_all_tags() -> None:
    key = structs.replace(KEY, needs_tags=frozenset({"eu"}))
    question = question_of(structs.replace(CALL, key=key, session="s", tags=frozenset({"gdpr"})))
    assert (question.tokens, question.session, set(question.tags)) == (100, "s", {"eu", "gdpr"})


def test_only_a_premium_key_has_premium_sessions() -> None:
    named = structs.replace(CALL, session="premium-7")
    assert not question_of(named).premium
    assert question_of(structs.replace(named, key=structs.replace(KEY, tier="premium"))).premium
