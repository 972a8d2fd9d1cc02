"""Turnout's contract for providers: run `pytest` in this folder."""

import pytest
from turnout_parrot.provider import PROVIDERS

from turnout.contract_tests import Case, provider_cases

CASES = [case for provider in PROVIDERS for case in provider_cases(provider)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: Case) -> None:
    case()
