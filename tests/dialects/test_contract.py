"""What all dialects that are found have to keep to together; test_shipped_contract.py looks at each alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.contract import DIALECTS, each_endpoint
from turnout.dialects import Endpoint
from turnout.errors import InvalidRequest
from turnout.server.inference.bounds import takes_form


def test_names_and_paths_are_unique() -> None:
    paths = [path for dialect in DIALECTS.values() for endpoint in dialect.endpoints for path in endpoint.paths]
    assert len(paths) == len(set(paths))
    assert {name: dialect.name for name, dialect in DIALECTS.items()} == {name: name for name in DIALECTS}


@each_endpoint
def test_what_takes_forms_says_so(endpoint: Endpoint[Any, Any]) -> None:
    """The values of a body are counted unless it is a form, because the bytes of a file look like many values."""
    with pytest.raises(InvalidRequest) as caught:
        endpoint.parse(b"no JSON")
    assert takes_form(endpoint) == ("Expected a form" in caught.value.message)


@each_endpoint
def test_a_field_that_nobody_reads_has_to_be_text(endpoint: Endpoint[Any, Any]) -> None:
    """It could be passed on as it is, and no provider could read the body."""
    if takes_form(endpoint):
        return
    with pytest.raises(InvalidRequest, match="not valid UTF-8"):
        endpoint.parse(b'{"model":"m","x":"\xff"}')
