"""Sets aside what a request may use of the limits and budgets that hold for it, before anything is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import structs

from turnout.catalog import Catalog
from turnout.core import AttemptEnd, ChatRequest, Deployment, ImageRequest, LimitLevel, SpeechRequest
from turnout.engine import Call, input_at_a_glance
from turnout.errors import BudgetSpent
from turnout.guard import Allowances, ExpectedOutput, Gauge, Reservation, gauges_for

_CHEAPER: Final = "cheaper"
_PART: Final = 10
_NO_COSTS: Final[Mapping[str, int]] = MappingProxyType({})

Needs = list[tuple[Gauge, int]]


class Reserved:
    """What the engine tells of the request's attempts, and the server closes at its end."""

    __slots__ = ("_expected", "_key_id", "_model", "_reservation")

    def __init__(self, reservation: Reservation, expected: ExpectedOutput, key_id: str, model: str) -> None:
        self._reservation = reservation
        self._expected = expected
        self._key_id = key_id
        self._model = model

    def spend(self, end: AttemptEnd) -> None:
        usage = end.usage
        if usage is None:
            return
        self._reservation.spend(end.cost or 0, usage.input + usage.output)
        if end.outcome == "ok":
            self._expected.observe(self._key_id, self._model, usage.output)

    def close(self) -> None:
        self._reservation.close()

    def levels(self) -> Sequence[LimitLevel]:
        return self._reservation.levels()


class Reserve:
    """Raises ``LimitReached``, ``BudgetSpent`` or ``AllowanceStoreDown``. Whoever passes the row closes what it sets
    aside (``Call.spending``).

    For a budget, the dearest deployment of the request's plan counts. With ``on_budget: cheaper`` those that are too
    dear are left out of the plan instead.
    """

    def __init__(
        self, catalog: Catalog, allowances: Allowances, planned: Callable[[Call], Sequence[Deployment]]
    ) -> None:
        """``planned`` gives the deployments that may be asked, fallbacks included. Raises ``UnknownModel``."""
        self._catalog = catalog
        self._allowances = allowances
        self._planned = planned
        self._expected = ExpectedOutput()

    def __call__(self, call: Call) -> Call | Awaitable[Call]:
        request = call.request
        gauges = gauges_for(call.key, request.model, request.operation, self._catalog.snapshot)
        if call.is_answered:  # it counts as a request, and costs nothing
            gauges = tuple([gauge for gauge in gauges if gauge.unit == "requests"])
        if not gauges:
            return call
        input_tokens, costs = input_at_a_glance(request, call.size) or 0, _NO_COSTS
        for gauge in gauges:
            if gauge.unit == "usd":
                costs = self._costs(call, input_tokens)
                break
        if len(costs) > 1 and self._catalog.settings.on_budget == _CHEAPER:
            return self._within_budget(call, gauges, input_tokens, costs)
        taken = self._allowances.take(self._needs(call, gauges, input_tokens, max(costs.values(), default=0)))
        return self._with(call, taken) if isinstance(taken, Reservation) else self._awaited(call, taken)

    async def _awaited(self, call: Call, taking: Awaitable[Reservation]) -> Call:
        return self._with(call, await taking)

    async def _within_budget(
        self, call: Call, gauges: Sequence[Gauge], input_tokens: int, costs: Mapping[str, int]
    ) -> Call:
        """Goes down from the dearest deployment to those that still fit."""
        amounts = sorted(set(costs.values()), reverse=True)
        for amount in amounts:
            try:
                taken = self._allowances.take(self._needs(call, gauges, input_tokens, amount))
                reservation = taken if isinstance(taken, Reservation) else await taken
            except BudgetSpent:
                if amount == amounts[-1]:
                    raise
                continue
            fitting = frozenset([id_ for id_, cost in costs.items() if cost <= amount])
            return self._with(structs.replace(call, affordable=fitting), reservation)
        raise RuntimeError("a plan without a deployment")

    def _with(self, call: Call, reservation: Reservation) -> Call:
        """Nobody else has the call yet, so it is changed: a copy would cost each request a microsecond."""
        reserved = Reserved(reservation, self._expected, call.key.id, call.request.model)
        structs.force_setattr(call, "spending", reserved)
        return call

    def _needs(self, call: Call, gauges: Sequence[Gauge], input_tokens: int, cost: int) -> Needs:
        needs: Needs = []
        for gauge in gauges:
            if gauge.unit == "requests":
                needs.append((gauge, 1))
            elif gauge.unit == "tokens":
                needs.append((gauge, self._tokens_of(call, input_tokens, gauge.most)))
            else:
                needs.append((gauge, cost))
        return needs

    def _tokens_of(self, call: Call, input_tokens: int, most: int) -> int:
        """What is set aside of a limit of tokens. Too much would let one request through in a window, and most answers
        are far shorter than they may be: as long as little is known, a tenth of the limit is enough for one. More than
        is set aside counts all the same, when it is known.
        """
        output = self._output_of(call, None)
        if output > most // _PART and self._expected.learned(call.key.id, call.request.model) is None:
            output = most // _PART
        tokens = max(input_tokens + output, 1)
        return tokens if tokens <= most else max(input_tokens, most)

    def _costs(self, call: Call, input_tokens: int) -> Mapping[str, int]:
        """What each deployment of the plan may bill at most, in picodollars, by id. Those without a price bill nothing
        that is known.
        """
        model = self._catalog.snapshot.find(call.request.model)
        one = len(model.deployments) == 1 and not model.fallbacks
        deployments = model.deployments if one else self._planned(call)
        return {deployment.id: self._cost_at(call, input_tokens, deployment) for deployment in deployments}

    def _cost_at(self, call: Call, input_tokens: int, deployment: Deployment) -> int:
        price, request = deployment.price, call.request
        if price is None:
            return 0
        if isinstance(request, ChatRequest):
            return price.most(input_tokens, self._output_of(call, deployment.traits.max_output))
        if isinstance(request, ImageRequest):
            return price.most(input_tokens, 0) + request.n * price.image
        if isinstance(request, SpeechRequest):
            return price.most(input_tokens, 0) + len(request.text) * price.character
        return price.most(input_tokens, 0)

    def _output_of(self, call: Call, most: int | None) -> int:
        request = call.request
        if not isinstance(request, ChatRequest):
            return 0
        return request.n * self._expected.of(call.key.id, request.model, request.max_output, most)
