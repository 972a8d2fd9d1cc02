"""Which keys may administer the service."""

from __future__ import annotations

import pytest

from turnout.core import Key
from turnout.errors import Forbidden, Unauthenticated
from turnout.guard import ANONYMOUS, may_administer, require_admin

ADMIN = Key(id="boss", digest=b"1", admin=True)
TEAM = Key(id="team", digest=b"2")


@pytest.mark.parametrize(
    ("key", "has_admin_key", "required", "local", "may"),
    [
        pytest.param(ADMIN, True, True, False, True, id="an-admin-key-from-anywhere"),
        pytest.param(TEAM, True, True, True, False, id="another-key"),
        pytest.param(ANONYMOUS, False, False, True, True, id="whoever-is-on-the-machine"),
        pytest.param(TEAM, False, False, True, True, id="a-key-on-the-machine-where-none-is-required"),
        pytest.param(ANONYMOUS, False, False, False, False, id="somebody-from-elsewhere"),
        pytest.param(ANONYMOUS, True, False, True, False, id="nobody-where-there-is-an-admin-key"),
        pytest.param(TEAM, False, True, True, False, id="a-key-where-one-is-required"),
    ],
)
def test_who_may(key: Key, has_admin_key: bool, required: bool, local: bool, may: bool) -> None:
    assert may_administer(key, has_admin_key=has_admin_key, required=required, local=local) is may


@pytest.mark.parametrize(
    ("key", "error"), [(ANONYMOUS, Unauthenticated), (TEAM, Forbidden)], ids=["nobody", "somebody"]
)
def test_a_refusal_explains_how_to_make_an_admin_key(key: Key, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"admin key.*'admin: true'.*`turnout keys create --admin`.*TURNOUT_ADMIN_KEY"):
        require_admin(key, has_admin_key=True, required=False, local=True)
    require_admin(ADMIN, has_admin_key=True, required=True, local=False)
