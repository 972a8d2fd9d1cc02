"""A deployment failed: what it said, and whether a retry or another deployment may help."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from .base import ErrorKind, TurnoutError
from .words import ProviderWords

SHORTEST_SECRET = 8
"""Characters. A shorter text is no secret, and it can be a part of other words."""

LONGEST_SECRET = 16 * 1024
"""Bytes of a client's key or token. Tokens with some hundred groups have half of it."""

RETRYABLE_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses after which a retry at the same deployment may succeed."""

REQUEST_AT_FAULT = frozenset({400, 413, 422})
"""Statuses of a wrong request. Another deployment would refuse it, too."""

LASTING: frozenset[ErrorKind] = frozenset({"context", "quota", "content_filter", "authentication", "model_not_found"})
"""A retry at the same deployment gives the same error, whatever its status."""

OF_THE_DEPLOYMENT: frozenset[ErrorKind] = frozenset(
    {"context", "quota", "rate_limit", "overloaded", "authentication", "model_not_found"}
)
"""Another deployment may answer, whatever the status: it has another context, account or model. A filter's decision is
no reason to ask elsewhere."""


class UpstreamError(TurnoutError):
    """A deployment failed.

    ``retryable``: a retry at the same deployment may succeed, or would at another time.
    ``silent``: the deployment said nothing for too long. It isn't tried again for the same request.
    ``elsewhere``: another deployment may succeed. False when the request itself is wrong.
    ``retry_after``: seconds that the provider asked to wait; None when it didn't ask.
    ``excerpt``: the start of an unreadable reply. Only for the log at level ``debug``: it can hold private texts.
    ``attempts``, ``provider``, ``deployment``: for reply headers. The last two are those of the last attempt.
    ``words`` are the provider's own. ``headers`` are those of its reply that go along to the client. ``same_wire``: the
    client speaks the provider's wire, so that names of fields mean the same to both. ``advice`` ends the message.
    """

    status = 502
    code = "upstream_error"
    retryable = True
    silent = False
    elsewhere = True
    attempts = 0
    provider = ""
    deployment = ""
    words = ProviderWords()
    headers: Mapping[str, str] = {}
    same_wire = False
    advice = ""

    def __init__(self, message: str, *, retry_after: float | None = None, excerpt: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.excerpt = excerpt

    @property
    def curable(self) -> bool:
        """Whether the same deployment may be tried again for the same request."""
        return self.retryable and not self.silent

    def conceal(self, secret: str) -> None:
        """Removes ``secret`` in every encoding from the texts: some providers quote the key that they refuse."""
        if len(secret) < SHORTEST_SECRET:
            return
        encodings = (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], b64encode(secret.encode()).decode())

        def concealed(text: str) -> str:
            for encoded in encodings:
                text = text.replace(encoded, "***")
            return text

        self.message, self.excerpt, self.words = (
            concealed(self.message),
            concealed(self.excerpt),
            self.words.changed(concealed),
        )
        self.args = (self.message,)


class UpstreamRefused(UpstreamError):
    """The provider answered with an error, whose status the client gets.

    400, 413 and 422 mean a wrong request: no other deployment is tried, unless the ``kind`` says that it is this
    deployment's own limit, account or model. 401, 403 and 404 mean a wrong deployment.
    """

    code = "upstream_refused"

    def __init__(
        self,
        status: int,
        message: str,
        *,
        retry_after: float | None = None,
        native_code: str | None = None,
        words: ProviderWords | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        if words is not None:
            self.words, self.kind, self.tokens, self.limit = words, words.kind, words.tokens, words.limit
        self.status = status if 400 <= status <= 599 else 502
        self.native_code = native_code
        self.retryable = status in RETRYABLE_STATUSES and self.kind not in LASTING
        self.elsewhere = self.kind in OF_THE_DEPLOYMENT or (
            status not in REQUEST_AT_FAULT and self.kind != "content_filter"
        )


class UpstreamUnauthenticated(UpstreamRefused):
    code = "upstream_unauthenticated"
    kind = "authentication"


class UpstreamRateLimited(UpstreamRefused):
    code = "upstream_rate_limited"
    kind = "rate_limit"


class UpstreamUnreachable(UpstreamError):
    code = "upstream_unreachable"


class KeptConnectionLost(UpstreamUnreachable):
    """A kept connection was closed before a byte of the reply came. Mostly the provider had closed it as the request
    was sent, and never saw it, but nobody can know. So the same deployment is asked again at once.
    """


class UpstreamTimeout(UpstreamError):
    """A deadline has passed. ``deadline`` is its name: a key of the configuration, or the header that set it.

    ``blames``: the deployment had as long as it may take. Else the request had less time, which says nothing about it.
    """

    status = 504
    code = "upstream_timeout"
    silent = True

    def __init__(self, message: str, deadline: str = "", *, blames: bool = True) -> None:
        super().__init__(f"{message[:-1]} ({deadline})." if deadline else message)
        self.deadline = deadline
        self.blames = blames


class UpstreamBroken(UpstreamError):
    code = "upstream_broken"


class ReplyTooLarge(UpstreamBroken):
    """Another deployment may give a shorter answer. The same one probably won't."""

    retryable = False


class AnswersDiffer(UpstreamBroken):
    """An answer broke off, and the one that was asked for anew isn't the same. A third one would be no more so."""

    retryable = False
    elsewhere = False


class DeploymentFull(UpstreamError):
    """A deployment has as many attempts as it may have at once, and no turn came. Nothing was sent."""

    status = 503
    code = "deployment_full"
    kind = "overloaded"
    retryable = False

    def __init__(self, deployment: str, why: str) -> None:
        super().__init__(f"{deployment} is at its limit: {why}. Ask again later.", retry_after=1)


class AllDeploymentsFailed(UpstreamError):
    """Every deployment of the plan failed. ``failures`` pairs each deployment's id with its last error."""

    code = "all_deployments_failed"
    retryable = False
    elsewhere = False

    def __init__(self, model: str, failures: Sequence[tuple[str, TurnoutError]]) -> None:
        reasons = "; ".join(f"{deployment}: {error.message}" for deployment, error in failures)
        super().__init__(
            f"All deployments of '{model}' failed. {reasons}",
            retry_after=min((wait for _, error in failures if (wait := _retry_after(error)) is not None), default=None),
        )
        self.failures = tuple(failures)
        statuses = {error.status for _, error in failures}
        self.kind, self.tokens, self.limit = _shared_kind([error for _, error in failures])
        self.status = statuses.pop() if len(statuses) == 1 else 400 if self.kind == "context" else 502


def _shared_kind(errors: Sequence[TurnoutError]) -> tuple[ErrorKind, int | None, int | None]:
    """The kind of all errors, with the tokens and the largest limit. ``context`` also stands for all where no other
    failure can pass by itself: a shorter request is all that helps.
    """
    kinds = {error.kind for error in errors}
    if "context" in kinds and not any(isinstance(error, UpstreamError) and error.retryable for error in errors):
        largest = max((error for error in errors if error.kind == "context"), key=lambda error: error.limit or 0)
        return "context", largest.tokens, largest.limit
    return (kinds.pop() if len(kinds) == 1 else ""), None, None


def _retry_after(error: TurnoutError) -> float | None:
    return error.retry_after if isinstance(error, UpstreamError) else None
