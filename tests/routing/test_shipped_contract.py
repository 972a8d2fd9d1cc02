"""Every policy that is found keeps to the contract that authors of plug-ins are given."""

from __future__ import annotations

import pytest

from turnout.contract_tests import Case, policy_cases
from turnout.routing import registry

CASES = {str(case): case for name, policy in registry().items() for case in policy_cases(name, policy)}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_contract(case: Case) -> None:
    case()
