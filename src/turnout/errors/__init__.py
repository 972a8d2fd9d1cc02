"""Every error that Turnout raises on purpose, with the HTTP status and the stable code that a client sees.

TurnoutError
├── ConfigError                        a mistake in the configuration: file, line, key, what was expected
├── StorageUnavailable            503  the database can't be opened, read or written
├── SecretsUnavailable            503  a stored secret can't be encrypted or decrypted
├── Unrecorded                    503  the disk takes no record of a request, so it isn't sent
├── AllowanceError                429  a limit or a budget doesn't let a request through
│   ├── LimitReached              429  as many requests or tokens as are allowed; says when there is room
│   ├── BudgetSpent               429  the money is spent or reserved; says when the budget resets
│   └── AllowanceStoreDown        503  limits and budgets can't be counted now
├── ControlError                       the control process of this host was asked, and no answer came
│   ├── ControlUnavailable        503  it isn't there now, or it ended with the question
│   ├── ControlTimeout            504  it didn't answer in time
│   └── ControlRefused                 it answered with an error, whose status and code are kept
├── VectorsUnavailable            503  Qdrant can't be asked
├── VectorsNotInstalled           503  the package qdrant-client isn't there
├── RequestError                       the client's request can't be served as it stands
│   ├── InvalidRequest            400  malformed or out of bounds; names the field
│   │   └── Unreadable            400  a part that can't be translated; the client's own wire may know it
│   ├── Unsupported               400  valid, but this provider or model can't do it
│   │   ├── ContextTooLong        400  more tokens than the model can read
│   │   └── NotFetched            400  Turnout couldn't fetch an address for a provider that doesn't fetch
│   ├── Unauthenticated           401  no key, or an invalid one
│   │   └── KeyExpired            401  a key that was good until a time
│   ├── TokenUncheckable          503  the keys that would check a token aren't known now
│   ├── Forbidden                 403  a valid key without the right to do this
│   │   └── ForeignPage           403  no key, and a foreign web page may have sent the request
│   ├── NotFound                  404  no such route or record
│   │   └── UnknownModel          404  no such model; names similar ones
│   ├── MethodNotAllowed          405
│   ├── Conflict                  409  the name is taken, or another client has changed it first
│   │   └── VectorsFull           409  the embedded store has as many points as it takes
│   ├── PartlyWritten                  the first points of a batch are written, the others not
│   ├── RequestTimeout            408  the body did not arrive in time
│   ├── BodyTooLarge              413
│   ├── AddressTooLong            414
│   ├── UnsupportedCoding         415  the body is packed in a way that isn't unpacked here
│   ├── HeadersTooLarge           431
│   └── Overloaded                503  the service has too many requests, or is shutting down
└── UpstreamError                      a deployment failed
    ├── UpstreamRefused                the provider answered with an error status
    │   ├── UpstreamUnauthenticated    401, 403: the deployment's credentials
    │   └── UpstreamRateLimited   429  the provider asks to wait; it can say how long
    ├── UpstreamUnreachable       502  no connection: refused, reset before an answer, no such host
    │   └── KeptConnectionLost    502  a kept connection was closed before an answer
    ├── UpstreamTimeout           504  connected, but too slow
    ├── DeploymentFull            503  it has as many attempts as it may have; nothing was sent
    ├── UpstreamBroken            502  the answer is cut, malformed, or of another wire
    │   ├── AnswersDiffer         502  an answer that broke off, and the one asked for anew, aren't the same
    │   └── ReplyTooLarge         502  the answer is above the bound; a retry would be as large
    └── AllDeploymentsFailed           every deployment of the plan failed; carries each failure
"""

from __future__ import annotations

from .base import (
    ErrorKind,
    TurnoutError,
)
from .own import (
    LONGEST_MESSAGE,
    AddressTooLong,
    AllowanceError,
    AllowanceStoreDown,
    BodyTooLarge,
    BudgetSpent,
    ConfigError,
    Conflict,
    ContextTooLong,
    ControlError,
    ControlRefused,
    ControlTimeout,
    ControlUnavailable,
    Forbidden,
    ForeignPage,
    HeadersTooLarge,
    InvalidRequest,
    KeyExpired,
    LimitReached,
    MethodNotAllowed,
    NoDeployment,
    NotFetched,
    NotFound,
    Overloaded,
    RequestError,
    RequestTimeout,
    SecretsUnavailable,
    StorageUnavailable,
    TokenUncheckable,
    Unauthenticated,
    UnknownModel,
    Unpriced,
    Unreadable,
    Unrecorded,
    Unsupported,
    UnsupportedCoding,
    moment,
)
from .upstream import (
    LASTING,
    LONGEST_SECRET,
    OF_THE_DEPLOYMENT,
    REQUEST_AT_FAULT,
    RETRYABLE_STATUSES,
    SHORTEST_SECRET,
    AllDeploymentsFailed,
    AnswersDiffer,
    DeploymentFull,
    KeptConnectionLost,
    ReplyTooLarge,
    UpstreamBroken,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnauthenticated,
    UpstreamUnreachable,
)
from .vectors import (
    PartlyWritten,
    VectorsFull,
    VectorsNotInstalled,
    VectorsUnavailable,
)
from .words import (
    ProviderWords,
)

__all__ = [
    "LASTING",
    "LONGEST_MESSAGE",
    "LONGEST_SECRET",
    "OF_THE_DEPLOYMENT",
    "REQUEST_AT_FAULT",
    "RETRYABLE_STATUSES",
    "SHORTEST_SECRET",
    "AddressTooLong",
    "AllDeploymentsFailed",
    "AllowanceError",
    "AllowanceStoreDown",
    "AnswersDiffer",
    "BodyTooLarge",
    "BudgetSpent",
    "ConfigError",
    "Conflict",
    "ContextTooLong",
    "ControlError",
    "ControlRefused",
    "ControlTimeout",
    "ControlUnavailable",
    "DeploymentFull",
    "ErrorKind",
    "Forbidden",
    "ForeignPage",
    "HeadersTooLarge",
    "InvalidRequest",
    "KeptConnectionLost",
    "KeyExpired",
    "LimitReached",
    "MethodNotAllowed",
    "NoDeployment",
    "NotFetched",
    "NotFound",
    "Overloaded",
    "PartlyWritten",
    "ProviderWords",
    "ReplyTooLarge",
    "RequestError",
    "RequestTimeout",
    "SecretsUnavailable",
    "StorageUnavailable",
    "TokenUncheckable",
    "TurnoutError",
    "Unauthenticated",
    "UnknownModel",
    "Unpriced",
    "Unreadable",
    "Unrecorded",
    "Unsupported",
    "UnsupportedCoding",
    "UpstreamBroken",
    "UpstreamError",
    "UpstreamRateLimited",
    "UpstreamRefused",
    "UpstreamTimeout",
    "UpstreamUnauthenticated",
    "UpstreamUnreachable",
    "VectorsFull",
    "VectorsNotInstalled",
    "VectorsUnavailable",
    "moment",
]

for _error in [value for value in list(globals().values()) if isinstance(value, type)]:
    _error.__module__ = __name__  # tracebacks and logs show the public name
