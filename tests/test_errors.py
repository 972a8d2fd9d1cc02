"""The status and the code of every error: clients and operators rely on both."""

from __future__ import annotations

from turnout import errors
from turnout.errors import TurnoutError

PUBLISHED = {
    "AddressTooLong": (414, "address_too_long"),
    "AllDeploymentsFailed": (502, "all_deployments_failed"),
    "AllowanceError": (429, "internal_error"),
    "AllowanceStoreDown": (503, "allowance_store_down"),
    "AnswersDiffer": (502, "upstream_broken"),
    "BodyTooLarge": (413, "body_too_large"),
    "BudgetSpent": (429, "insufficient_quota"),
    "ConfigError": (500, "invalid_config"),
    "Conflict": (409, "conflict"),
    "ContextTooLong": (400, "context_length_exceeded"),
    "ControlError": (503, "control_unavailable"),
    "ControlRefused": (503, "control_unavailable"),
    "ControlTimeout": (504, "control_timeout"),
    "ControlUnavailable": (503, "control_unavailable"),
    "DeploymentFull": (503, "deployment_full"),
    "Forbidden": (403, "forbidden"),
    "ForeignPage": (403, "foreign_page"),
    "HeadersTooLarge": (431, "headers_too_large"),
    "InvalidRequest": (400, "invalid_request"),
    "KeptConnectionLost": (502, "upstream_unreachable"),
    "KeyExpired": (401, "invalid_api_key"),
    "LimitReached": (429, "rate_limit_exceeded"),
    "MethodNotAllowed": (405, "method_not_allowed"),
    "NotFetched": (400, "not_fetched"),
    "NotFound": (404, "not_found"),
    "NoDeployment": (503, "no_deployment"),
    "Overloaded": (503, "overloaded"),
    "PartlyWritten": (400, "partly_written"),
    "ReplyTooLarge": (502, "upstream_broken"),
    "RequestError": (400, "invalid_request"),
    "RequestTimeout": (408, "request_timeout"),
    "SecretsUnavailable": (503, "secrets_unavailable"),
    "StorageUnavailable": (503, "storage_unavailable"),
    "TurnoutError": (500, "internal_error"),
    "TokenUncheckable": (503, "token_uncheckable"),
    "Unauthenticated": (401, "invalid_api_key"),
    "UnknownModel": (404, "model_not_found"),
    "Unpriced": (403, "unpriced"),
    "Unreadable": (400, "invalid_request"),
    "Unrecorded": (503, "unrecorded"),
    "Unsupported": (400, "unsupported"),
    "UnsupportedCoding": (415, "unsupported_encoding"),
    "UpstreamBroken": (502, "upstream_broken"),
    "UpstreamError": (502, "upstream_error"),
    "UpstreamRateLimited": (502, "upstream_rate_limited"),
    "UpstreamRefused": (502, "upstream_refused"),
    "UpstreamTimeout": (504, "upstream_timeout"),
    "UpstreamUnauthenticated": (502, "upstream_unauthenticated"),
    "UpstreamUnreachable": (502, "upstream_unreachable"),
    "VectorsFull": (409, "vectors_full"),
    "VectorsNotInstalled": (503, "vectors_not_installed"),
    "VectorsUnavailable": (503, "vectors_unavailable"),
}
"""Of the class; an upstream's refusal has the status of the upstream."""


def test_statuses_and_codes_are_as_published() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TurnoutError)]
    assert {kind.__name__: (kind.status, kind.code) for kind in kinds} == PUBLISHED
