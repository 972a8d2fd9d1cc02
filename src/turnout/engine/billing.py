"""What an attempt has used, as its provider will bill it, and by which rule that is known.

A provider bills from the moment it begins to answer. When an answer breaks off, its connection is closed at once, and
what had been made by then counts. No vendor documents what it bills of an answer that nobody reads to its end
(https://community.openai.com/t/streaming-interruption-billing-clarification-needed/928978). What one bills beyond that
shows up when its invoice is compared.
"""

from __future__ import annotations

import msgspec
from msgspec import structs

from turnout.core import BillingRule, Outcome, Request, Usage
from turnout.errors import TurnoutError, UpstreamRefused

from .estimate import estimated_usage, tokens, weight_of_bytes
from .observing import AnswerObserver
from .source import Source
from .usage_meter import UsageMeter

_REDIRECTION = 300
"""The first status that is no answer."""


class Bill(msgspec.Struct, frozen=True, gc=False):
    """``usage`` is None where nothing is billed, and where nobody can say what: for sounds and pictures."""

    usage: Usage | None
    rule: BillingRule


def bill_of(
    request: Request,
    outcome: Outcome,
    source: Source,
    observer: AnswerObserver,
    error: TurnoutError | None = None,
) -> Bill:
    """The bill of an attempt that ended with ``outcome``, and with ``error`` if it failed."""
    meter = observer.usage
    reported = meter.reported
    if reported is not None and (outcome == "ok" or observer.finish is not None):
        return Bill(reported, "report")
    if reported is None and (not _has_begun(source, observer) or _is_refusal(error, observer)):
        return Bill(None, "no_answer")
    output = _unreported_output(request, source, meter)
    if outcome == "ok":
        return Bill(estimated_usage(request, output), "text")
    used = estimated_usage(request, output) if reported is None else _with_output(meter, reported, output)
    return Bill(None if used is None else structs.replace(used, source="interrupted"), "until_cancel")


def bill_so_far(request: Request, input_estimate: int | None, source: Source, observer: AnswerObserver) -> Bill:
    """The bill of an attempt that would end now, because this process dies. It is made often, so it costs little.

    ``input_estimate`` counts where the provider hasn't reported the input. None: its usage can't be estimated.
    """
    meter = observer.usage
    reported = meter.reported
    if reported is None and not _has_begun(source, observer):
        return Bill(None, "no_answer")
    if reported is not None and observer.finish is not None:
        return Bill(reported, "report")
    output = _unreported_output(request, source, meter)
    if reported is not None:
        used = _with_output(meter, reported, output)
    elif input_estimate is not None:
        used = Usage(input=input_estimate, output=output)
    else:
        return Bill(None, "until_cancel")
    return Bill(structs.replace(used, source="interrupted"), "until_cancel")


def _has_begun(source: Source, observer: AnswerObserver) -> bool:
    """A provider inside this process has no status. A web page is of something before the provider."""
    if observer.first_token is not None:
        return True
    return 0 < source.status < _REDIRECTION and "text/html" not in source.headers.get("content-type", "")


def _is_refusal(error: TurnoutError | None, observer: AnswerObserver) -> bool:
    """Whether the provider's own error came before any word of an answer, though its status was that of one."""
    return isinstance(error, UpstreamRefused) and observer.first_token is None


def _unreported_output(request: Request, source: Source, meter: UsageMeter) -> int:
    """Tokens."""
    weight = meter.unreported_weight
    if weight == 0 and not request.stream:
        weight = weight_of_bytes(source.size)  # a part of a whole reply, which is mostly text
    return tokens(weight)


def _with_output(meter: UsageMeter, reported: Usage, output: int) -> Usage:
    return structs.replace(reported, output=output if meter.foretold else reported.output + output)
