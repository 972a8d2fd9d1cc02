"""Who may change what is served."""

from __future__ import annotations

from collections.abc import Iterable

from turnout.core import Key
from turnout.errors import Forbidden, Unauthenticated

from .keys import ANONYMOUS

_HOW = "Send one that has 'admin: true' under 'keys' in the configuration, or the one in TURNOUT_ADMIN_KEY."


def may_administer(key: Key, keys: Iterable[Key], *, required: bool, local: bool) -> bool:
    """An admin key may. Where there is none, nor any key ``required``, whoever is ``local`` may."""
    return key.admin or (local and not required and not any(known.admin for known in keys))


def require_admin(key: Key, keys: Iterable[Key], *, required: bool, local: bool) -> None:
    """Raises ``Unauthenticated`` for nobody's, and ``Forbidden`` for somebody's key that may not administer."""
    if may_administer(key, keys, required=required, local=local):
        return
    if key is ANONYMOUS:
        raise Unauthenticated(f"This needs an admin key. {_HOW}")
    raise Forbidden(f"This API key may not change what is served: it is no admin key. {_HOW}")
