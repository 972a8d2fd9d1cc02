"""Every dialect that is found keeps to the contract that authors of plug-ins are given."""

from __future__ import annotations

import json

import pytest

from tests.support.contract import BODIES, DIALECTS, WITHOUT_TOOLS
from turnout import errors
from turnout.contract_tests import Case, ChatSample, dialect_cases
from turnout.contract_tests.every_error import ERRORS
from turnout.errors import TurnoutError

SAMPLES = {
    wire: ChatSample(body=json.dumps(fields).encode(), target=target, tools=wire not in WITHOUT_TOOLS)
    for wire, (fields, target) in BODIES.items()
}
CASES = {f"{name}: {case}": case for name, dialect in DIALECTS.items() for case in dialect_cases(dialect, SAMPLES)}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_contract(case: Case) -> None:
    case()


def test_every_error_is_among_them() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TurnoutError)}
    abstract = {errors.AllowanceError, errors.ControlError, errors.RequestError, errors.UpstreamError}
    assert kinds - {type(error) for error in ERRORS} == abstract
