"""The ledger's fields, declared once: what is known when an attempt starts, and what is known when it has ended.

The journal's lines, the columns of the table ``attempts`` and the record of the API are derived from these classes.
A journal's line holds the values by position, and journals outlive a version. So a new field goes to the end of its
class and has a default. CONTRIBUTING.md, "Add a field to the ledger", has all the steps.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .integers import Integer
from .usage import Usage

Outcome = Literal["ok", "failed", "cut", "client_gone", "drained", "outrun", "lost", "cached"]
"""``failed``: before the answer began. ``cut``: after it began. ``drained``: the service was stopped and did not wait
any longer. ``outrun``: another attempt of the same request began to answer first. ``lost``: the process died before the
end. ``cached``: no deployment was asked, as there was a kept answer.
"""


Party = Literal["client", "turnout", "provider"]
"""Who was at fault. ``turnout`` is this service and its configuration, such as a key that a provider refuses."""

BillingRule = Literal["report", "text", "until_cancel", "no_answer"]
"""By what an attempt's usage is known.

- ``report``: the provider reported it.
- ``text``: the answer is whole, and without a report. It is estimated from the words.
- ``until_cancel``: the answer broke off. What had come by then is billed: the provider's last report, and an estimate
  of the words after it.
- ``no_answer``: the provider refused, or had not begun to answer. Nothing is billed.
"""

Continuing = Literal["continue", "restart"]
"""How an attempt goes on with an answer that broke off: from its words, or anew without what the client has of it."""


class Origin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields of ``AttemptStart`` that the server or the library sets: who asked, and through what."""

    dialect: str
    key_id: str = ""
    user: str = ""
    team: str = ""
    session: str = ""
    agent: str = ""
    end_user: str = ""
    tags: tuple[str, ...] = ()
    alias_of: str = ""


class AttemptStart(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Times are Unix times in microseconds. ``number`` counts a request's attempts from 1.

    ``continues`` is the number of the attempt whose answer broke off and that this one goes on with, ``seam`` the way;
    both are None for an attempt that answers from the start.

    ``session`` is the client's name for the conversation, else one made from how it begins. ``agent`` is the client's
    program. ``end_user`` and ``tags`` are told by keys that are ``trusted``. ``input_estimate`` is in tokens,
    ``cost_estimate`` its cost in picodollars: they count if the process dies before the end. ``team`` is the key's,
    else that of its user. ``model`` is the name that the client asked for; if the model has another name of its own,
    that is ``alias_of``.
    """

    attempt_id: str
    request_id: str
    number: Integer
    started: Integer
    dialect: str
    key_id: str
    user: str
    model: str
    deployment: str
    provider: str
    upstream_model: str
    stream: bool
    continues: Integer | None = None
    seam: Continuing | None = None
    session: str = ""
    agent: str = ""
    end_user: str = ""
    tags: tuple[str, ...] = ()
    input_estimate: Integer | None = None
    cost_estimate: Integer | None = None
    team: str = ""
    alias_of: str = ""


class PlannedStep(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A deployment that was asked or would have been, or that was left out; and why. ``scores`` are its policy's."""

    deployment: str
    reason: str
    scores: dict[str, float] = {}


class PlanRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The deployments for a request in order, and those that were left out."""

    candidates: tuple[PlannedStep, ...]
    dropped: tuple[PlannedStep, ...] = ()


class AttemptEnd(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Durations are microseconds since the attempt's start; ``queue`` is the request's waiting time before it.

    ``cost`` is in picodollars, None when the price isn't known. ``usage`` is None when it isn't known.
    ``changes`` are the changes to the request's media that made them fit the deployment.
    ``first_token`` is None when no token came. ``status`` is the provider's HTTP status, 0 when there was none.
    ``plan`` is the request's: its first attempt has it, if there was a choice. ``at_fault`` is None for an attempt that
    answered. ``saved`` is what kept answers have saved, in picodollars: what they had cost when they were made.
    """

    attempt_id: str
    outcome: Outcome
    status: Integer
    queue: Integer
    first_token: Integer | None = None
    total: Integer
    usage: Usage | None = None
    cost: Integer | None = None
    price_version: str | None = None
    operation: str = "chat"
    changes: tuple[str, ...] = ()
    finish: str | None = None
    error_code: str | None = None
    error: str | None = None
    plan: PlanRecord | None = None
    at_fault: Party | None = None
    billing_rule: BillingRule | None = None
    saved: Integer | None = None


class EndedAttempt(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The ``end`` of a lost attempt, whose process died, is what was written down of it last. It is None for one that
    was too young for that.
    """

    start: AttemptStart
    end: AttemptEnd | None

    @property
    def usage(self) -> Usage | None:
        """What is billed, as far as it is known."""
        if self.end is not None:
            return self.end.usage
        estimate = self.start.input_estimate
        return None if estimate is None else Usage(input=estimate, source="interrupted")

    @property
    def cost(self) -> int | None:
        """Picodollars; None when the price isn't known."""
        return self.start.cost_estimate if self.end is None else self.end.cost
