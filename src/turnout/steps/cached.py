"""Finds a kept answer to the same question, before money is set aside and a provider is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from msgspec import structs

from turnout.cache import (
    Asker,
    Entry,
    ExactCache,
    has_untold,
    is_worth_asking,
    is_worth_keeping,
    keys_of_inputs,
    question_key,
)
from turnout.catalog import Catalog
from turnout.core import (
    CacheWords,
    ChatRequest,
    CountRequest,
    EmbeddingRequest,
    ImageRequest,
    Model,
    Request,
    WireBody,
    whole,
)
from turnout.engine import Call
from turnout.errors import TurnoutError
from turnout.fitting import unread_fields
from turnout.telemetry import Metrics
from turnout.worker_threads import WorkerThreads

from .keeping import BYPASS, AnswerKeeping, Keeper
from .keeping_vectors import VectorKeeping

_NO_WORDS = CacheWords()


class Cached:
    """Never refuses a call. A call whose answer may be kept gets its ``keeping``; the engine does the rest with it.

    It may stand anywhere behind ``AllowedModel``: a key that may not use a model gets nothing from its answers. A call
    that ``is_answered`` behind it needs no money.
    """

    def __init__(self, cache: ExactCache, catalog: Catalog, worker_threads: WorkerThreads, metrics: Metrics) -> None:
        self._cache = cache
        self._catalog = catalog
        self._worker_threads = worker_threads
        self._metrics = metrics

    def __call__(self, call: Call) -> Call | Awaitable[Call]:
        request = call.request
        if isinstance(request, CountRequest):
            return call
        words = call.cache_words or _NO_WORDS
        model = self._catalog.snapshot.find(request.model)
        mode = model.cache if words.mode is None or model.cache == "never" else words.mode
        if not words.keep or not is_worth_asking(request, mode):
            return self._bypassed(call)
        if call.large:
            return self._found_in_thread(call, model, words)
        return self._found(call, model, words, _keys(call, self._asker(call, model)))

    async def _found_in_thread(self, call: Call, model: Model, words: CacheWords) -> Call:
        keys = await self._worker_threads.run(_keys, call, self._asker(call, model))
        found = self._found(call, model, words, keys)
        return found if isinstance(found, Call) else await found

    def _found(self, call: Call, model: Model, words: CacheWords, keys: Sequence[bytes]) -> Call | Awaitable[Call]:
        if not keys:
            return self._bypassed(call)
        if not words.look:
            return self._with(call, model, keys, [None] * len(keys))
        found = self._cache.find(keys, words.max_age)
        return (
            self._awaited(call, model, keys, found)
            if isinstance(found, Awaitable)
            else self._with(call, model, keys, found)
        )

    async def _awaited(
        self, call: Call, model: Model, keys: Sequence[bytes], finding: Awaitable[Sequence[Entry | None]]
    ) -> Call:
        return self._with(call, model, keys, await finding)

    def _with(self, call: Call, model: Model, keys: Sequence[bytes], found: Sequence[Entry | None]) -> Call:
        keeper = Keeper(self._cache, self._metrics, self._worker_threads, model, call)
        request = call.request
        if isinstance(request, EmbeddingRequest):
            return structs.replace(call, keeping=VectorKeeping(keeper, request, keys, found))
        return structs.replace(call, keeping=AnswerKeeping(keeper, keys[0], found[0]))

    def _bypassed(self, call: Call) -> Call:
        self._metrics.cache("bypass")
        return structs.replace(call, keeping=BYPASS)

    def _asker(self, call: Call, model: Model) -> Asker:
        return Asker(
            self._cache.tenant_of(call.key),
            model.name,
            tuple([deployment.id for deployment in model.deployments]),
            tuple(sorted(call.tags | call.key.needs_tags)),
            call.strict or model.strict,
        )


def _keys(call: Call, asker: Asker) -> Sequence[bytes]:
    """None where the answer may depend on more than the request, or where Turnout can't read all of it."""
    try:
        request = whole(call.request)
        if isinstance(request, EmbeddingRequest):
            return () if has_untold(request) else keys_of_inputs(request, asker)
        if not isinstance(request, ChatRequest | ImageRequest) or not is_worth_keeping(request):
            return ()
        if _continues(call, request):
            return ()
        return (question_key(request, asker, has_untold(request) or _has_unread(request)),)
    except TurnoutError:
        return ()  # who has to read it says what is wrong with it


def _continues(call: Call, request: ChatRequest | ImageRequest) -> bool:
    """Whether it refers to an earlier answer, which isn't in it."""
    if call.conversing is None or not isinstance(request, ChatRequest):
        return False
    return call.conversing.earlier_answers(request) is not None


def _has_unread(request: Request) -> bool:
    raw = request.raw if not isinstance(request, CountRequest) else None
    if not isinstance(raw, WireBody) or raw.form is None:
        return False
    return bool(unread_fields(raw.fields, raw.form))
