"""The name of a caller in the audit log."""

from __future__ import annotations

from turnout.server.access import Caller

LOCAL_ADMIN = "local admin"
"""A client without a key, on a server of this machine where no key is needed."""


def who_is(caller: Caller) -> str:
    """The id of the caller's key."""
    return caller.key.id if caller.key is not None and caller.key.id else LOCAL_ADMIN
