"""Sets aside what a request may use of the limits and budgets that hold for it, before anything is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec import structs

from turnout.catalog import Catalog
from turnout.core import AttemptEnd, ChatRequest, Deployment, ImageRequest, LimitLevel, Request, SpeechRequest
from turnout.engine import Call, input_at_a_glance
from turnout.errors import BudgetSpent
from turnout.guard import Allowances, ExpectedOutput, Gauge, Reservation, gauges_for

_CHEAPER: Final = "cheaper"

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

    A request that asks for no money is refused by its key's limits alone. For a budget, the dearest deployment of its
    plan counts. With ``on_budget: cheaper`` those that are too dear are left out of the plan instead.
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
        if not gauges:
            return call
        costs = self._costs(call) if "usd" in [gauge.unit for gauge in gauges] else {}
        needs = self._needs(call, gauges, max(costs.values(), default=0))
        if self._catalog.settings.on_budget == _CHEAPER and len(set(costs.values())) > 1:
            return self._within_budget(call, gauges, costs)
        taken = self._allowances.take(needs)
        return self._with(call, taken) if isinstance(taken, Reservation) else self._awaited(call, taken)

    async def _awaited(self, call: Call, taking: Awaitable[Reservation]) -> Call:
        return self._with(call, await taking)

    async def _within_budget(self, call: Call, gauges: Sequence[Gauge], costs: dict[str, int]) -> Call:
        """Goes down from the dearest deployment to those that still fit."""
        amounts = sorted(set(costs.values()), reverse=True)
        for amount in amounts:
            try:
                taken = self._allowances.take(self._needs(call, gauges, amount))
                reservation = taken if isinstance(taken, Reservation) else await taken
            except BudgetSpent:
                if amount == amounts[-1]:
                    raise
                continue
            fitting = frozenset([id_ for id_, cost in costs.items() if cost <= amount])
            return self._with(structs.replace(call, affordable=fitting), reservation)
        raise RuntimeError("a plan without a deployment")

    def _with(self, call: Call, reservation: Reservation) -> Call:
        reserved = Reserved(reservation, self._expected, call.key.id, call.request.model)
        return structs.replace(call, spending=reserved)

    def _needs(self, call: Call, gauges: Sequence[Gauge], cost: int) -> Needs:
        needs: Needs = []
        for gauge in gauges:
            if gauge.unit == "requests":
                needs.append((gauge, 1))
            elif gauge.unit == "tokens":
                needs.append((gauge, max(_input_of(call) + self._output_of(call, None), 1)))
            else:
                needs.append((gauge, cost))
        return needs

    def _costs(self, call: Call) -> dict[str, int]:
        """What each deployment of the plan may bill at most, in picodollars, by id. Those without a price bill nothing
        that is known.
        """
        return {deployment.id: self._cost_at(call, deployment) for deployment in self._planned(call)}

    def _cost_at(self, call: Call, deployment: Deployment) -> int:
        price = deployment.price
        if price is None:
            return 0
        request = call.request
        pieces = _pieces_of(request)
        return price.most(_input_of(call), self._output_of(call, deployment.traits.max_output)) + (
            pieces * price.image if isinstance(request, ImageRequest) else pieces * price.character
        )

    def _output_of(self, call: Call, most: int | None) -> int:
        request = call.request
        if not isinstance(request, ChatRequest):
            return 0
        return request.n * self._expected.of(call.key.id, request.model, (request.max_output, most))


def _input_of(call: Call) -> int:
    return input_at_a_glance(call.request, call.size) or 0


def _pieces_of(request: Request) -> int:
    """Pictures or characters."""
    if isinstance(request, ImageRequest):
        return request.n
    return len(request.text) if isinstance(request, SpeechRequest) else 0
