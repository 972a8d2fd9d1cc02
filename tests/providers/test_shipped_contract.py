"""Every provider that is found keeps to the contract that authors of plug-ins are given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.contract import ON_WIRES, PROVIDERS
from tests.support.replies import REPLIES
from turnout.contract_tests import Case, ReplySample, provider_cases


def sample(wire: str) -> ReplySample:
    reply = REPLIES[wire]
    return ReplySample(whole=reply.whole, stream=reply.streamed, finish=reply.finish, model=reply.model)


def cases() -> Iterator[tuple[str, Case]]:
    for name, provider in PROVIDERS.items():
        for case in provider_cases(provider, sample(ON_WIRES[name].wire) if name in ON_WIRES else None):
            yield f"{name}: {case}", case


CASES = dict(cases())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_contract(case: Case) -> None:
    case()
