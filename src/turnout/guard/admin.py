"""Checks whether a key may administer the service, and whether it may read all of it."""

from __future__ import annotations

from turnout.core import Key
from turnout.errors import Forbidden, Unauthenticated

from .keys import ANONYMOUS

_ADVICE = (
    "Send one that has 'admin: true' under 'keys' in the configuration, one that `turnout keys create --admin` made, "
    "or the one in TURNOUT_ADMIN_KEY."
)


def may_administer(key: Key, *, has_admin_key: bool, required: bool, local: bool) -> bool:
    """An admin key may. So may every ``local`` client if there is no admin key and no key is ``required``."""
    return key.admin or (local and not required and not has_admin_key)


def may_audit(key: Key, *, has_admin_key: bool, required: bool, local: bool) -> bool:
    """Whether it may read what only an admin may change. An admin may, too."""
    return key.auditor or may_administer(key, has_admin_key=has_admin_key, required=required, local=local)


def require_auditor(key: Key, *, has_admin_key: bool, required: bool, local: bool) -> None:
    """Raises ``Unauthenticated`` when there is no key, ``Forbidden`` when the key may not read everything."""
    if may_audit(key, has_admin_key=has_admin_key, required=required, local=local):
        return
    if key is ANONYMOUS:
        raise Unauthenticated(f"This needs the key of an admin or an auditor. {_ADVICE}")
    raise Forbidden("This API key may not read this: it is no admin's or auditor's ('admin: true' or 'auditor: true').")


def require_admin(key: Key, *, has_admin_key: bool, required: bool, local: bool) -> None:
    """Raises ``Unauthenticated`` when there is no key, ``Forbidden`` when the key may not administer."""
    if may_administer(key, has_admin_key=has_admin_key, required=required, local=local):
        return
    if key is ANONYMOUS:
        raise Unauthenticated(f"This needs an admin key. {_ADVICE}")
    raise Forbidden(f"This API key may not change what is served: it is no admin key. {_ADVICE}")
