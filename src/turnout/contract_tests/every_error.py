"""One error of each kind, and some with unusual characters. Every dialect must report all of them."""

from __future__ import annotations

from typing import Final

from turnout import errors
from turnout.errors import TurnoutError

ERRORS: Final[tuple[TurnoutError, ...]] = (
    errors.ConfigError("Why."),
    errors.StorageUnavailable("Why."),
    errors.Unrecorded("Why."),
    errors.ControlUnavailable("ended"),
    errors.ControlTimeout("leases", 500),
    errors.ControlRefused(409, "conflict", "Why."),
    errors.InvalidRequest("Why.", param="messages"),
    errors.Unreadable("Why.", param="messages"),
    errors.Unsupported("Why.", param="n"),
    errors.NotFetched("Why.", param="n"),
    errors.ContextTooLong("Why."),
    errors.NotFetched("Why."),
    errors.Conflict("Why."),
    errors.Unauthenticated("Why."),
    errors.Forbidden("Why."),
    errors.ForeignPage("Why."),
    errors.NotFound("Why."),
    errors.UnknownModel("größe", ["große"]),
    errors.MethodNotAllowed("Why.", "POST"),
    errors.RequestTimeout("Why."),
    errors.BodyTooLarge("Why."),
    errors.AddressTooLong("Why."),
    errors.UnsupportedCoding("Why.", "gzip"),
    errors.HeadersTooLarge("Why."),
    errors.Overloaded("Why."),
    errors.NoDeployment("m", [("d", "why")]),
    errors.Unpriced("m", ["d"]),
    errors.UpstreamRefused(418, "Why."),
    errors.UpstreamUnauthenticated(401, "Why."),
    errors.UpstreamRateLimited(429, "Why.", retry_after=3),
    errors.UpstreamUnreachable("Why."),
    errors.KeptConnectionLost("Why."),
    errors.UpstreamTimeout("Why."),
    errors.UpstreamBroken("Why."),
    errors.AnswersDiffer("Why."),
    errors.DeploymentFull("openai/m", "why"),
    errors.ReplyTooLarge("Why."),
    errors.AllDeploymentsFailed("m", [("d", errors.UpstreamBroken("Why."))]),
    TurnoutError('Why "not"?\n'),
    errors.InvalidRequest("Half a character: \ud800.", param="\udfff"),
)
