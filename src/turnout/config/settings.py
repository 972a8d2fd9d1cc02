"""The configuration file as types. A missing setting is ``UNSET``: then the next layer decides.

Seconds are floats, sizes are bytes, money is USD. docs/configuration.md lists every key with its default.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from turnout.core import (
    Affinity,
    CacheMode,
    CacheShare,
    Midstream,
    OnContentFilter,
    Parameter,
    Prefill,
    Secret,
    Unpriced,
    Upstream,
)

from .allowance_settings import (
    AllowanceSettings,
    Expiry,
    IndexedName,
    LimitTexts,
    OperationLimits,
    PeriodBudgets,
    Usd,
    UserSettings,
)
from .operation_names import OPERATION_NAMES, is_operation_name
from .price_settings import PriceSettings
from .token_settings import JwtSettings
from .words import Name, OtherKeys, Tag

Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Pause = Annotated[float, Meta(ge=0, le=3_600)]
Port = Annotated[int, Meta(ge=0, le=65_535)]  # 0: any free one
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Bytes = Annotated[int, Meta(ge=1, le=1 << 40)]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Modality = Literal["text", "image", "audio", "file", "video"]
ImageFormat = Literal["image/jpeg", "image/png", "image/webp", "image/gif"]
Tokenizer = Literal[
    "o200k",
    "o200k-reasoning",
    "cl100k",
    "claude",
    "claude-4.5",
    "claude-2026",
    "gemini",
    "llama",
    "qwen",
    "mistral",
    "deepseek",
    "other",
]
Host = Annotated[str, Meta(min_length=1, max_length=256, description="a host name or address")]
Origin = Annotated[
    str,
    Meta(
        pattern=r"^(\*|[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#]+)$",
        max_length=256,
        description="an origin such as https://app.example.com, without a path, or '*'",
    ),
]
Folder = Annotated[str, Meta(min_length=1, max_length=4096, description="the path of a folder")]
File = Annotated[str, Meta(min_length=1, max_length=4096, description="the path of a file")]
Network = Annotated[
    str, Meta(pattern=r"^[0-9a-fA-F.:]+(/\d{1,3})?$", description="an IP address or a network, such as 10.0.0.0/8")
]
Url = Annotated[str, Meta(pattern=r"^https?://[^\s/?#]", description="an address that begins with http:// or https://")]
ShortDeployment = Annotated[
    str, Meta(pattern=r"^[^\s/]+/\S", description="provider/upstream-model, for example openai/gpt-6-luna")
]
Weight = Annotated[float, Meta(ge=0, le=1_000)]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]
LogFormat = Literal["json", "console"]
StoreDown = Literal["open", "closed"]
OnBudget = Literal["refuse", "cheaper"]
"""Whether a request that a budget has no room for is refused, or goes to a cheaper deployment of the plan."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ServerSettings(_Section, frozen=True):
    host: Host = "127.0.0.1"
    port: Port = 8003
    workers: Annotated[int, Meta(ge=1, le=256)] = 1
    max_body_bytes: Bytes = 32 * 1024 * 1024
    max_reply_bytes: Bytes = 64 * 1024 * 1024
    max_header_bytes: Annotated[int, Meta(ge=1024, le=1024 * 1024)] = 64 * 1024
    max_connections: Count = 10_000
    max_requests_per_address: Count = 2_500
    trusted_proxies: list[Network] = []
    body_timeout: Seconds = 60
    drain: Seconds = 30
    keepalive: Pause = 15
    cors: list[Origin] = []
    allowed_hosts: list[Host] = []


class LimitSettings(_Section, frozen=True):
    """Bounds of one request, far above what any provider accepts. ``values`` counts JSON values and keys.

    ``rates`` are limits over time for each key, by operation or path: the keys of the section that aren't fields.
    """

    other_keys: ClassVar[OtherKeys] = OtherKeys("/PATH", is_operation_name, (*OPERATION_NAMES, "/PATH"))

    values: Count = 320_000
    messages: Count = 10_000
    parts: Count = 20_000
    inputs: Count = 10_000
    tools: Count = 10_000
    stop: Count = 256
    rates: OperationLimits = msgspec.field(default_factory=dict, name="/PATH")


class AuthSettings(_Section, frozen=True):
    required: bool | None = None
    jwt: JwtSettings | None = None


class LogSettings(_Section, frozen=True):
    level: LogLevel = "info"
    format: LogFormat = "json"


class MediaSettings(_Section, frozen=True):
    """``max_bytes`` is for one fetched image, ``cache_bytes`` for each process."""

    fetch: Literal["needed", "always", "never"] = "needed"
    private_hosts: list[Host] = []
    max_bytes: Bytes = 20 * 1024 * 1024
    max_pixels: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 64_000_000
    max_decoded_bytes: Bytes = 1024 * 1024 * 1024
    timeout: Seconds = 10
    cache_bytes: Bytes = 64 * 1024 * 1024


class BookSettings(_Section, frozen=True):
    """Whether a newer price book that ships with Turnout is taken by itself, or asks for it."""

    take: Literal["auto", "ask"] = "auto"


class HealthSettings(_Section, frozen=True):
    """When a deployment that fails is left alone, and for how long. ``check``: seconds between two checks."""

    failures: Annotated[int, Meta(ge=1, le=1_000)] = 5
    pause: Seconds = 5
    longest_pause: Seconds = 120
    check: Annotated[float, Meta(ge=5, le=86_400)] | None = None


class LedgerSettings(_Section, frozen=True):
    """``keep_days``: attempts that began earlier are removed; ``null`` keeps all. The rollups stay."""

    keep_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None


class TimeoutSettings(_Section, frozen=True):
    connect: Seconds | UnsetType = UNSET
    first_token: Seconds | UnsetType = UNSET
    first_byte: Seconds | UnsetType = UNSET
    stall: Seconds | UnsetType = UNSET
    total: Seconds | UnsetType = UNSET
    queue: Pause | UnsetType = UNSET


class RetrySettings(_Section, frozen=True):
    attempts: Annotated[int, Meta(ge=1, le=20)] | UnsetType = UNSET
    backoff: Pause | UnsetType = UNSET
    backoff_max: Pause | UnsetType = UNSET


class ImageSettings(_Section, frozen=True):
    """``null`` removes a bound."""

    long_edge: Count | UnsetType | None = UNSET
    short_edge: Count | UnsetType | None = UNSET
    pixels: Annotated[int, Meta(ge=1, le=1_000_000_000)] | UnsetType | None = UNSET
    bytes: Bytes | UnsetType | None = UNSET
    number: Count | UnsetType | None = UNSET
    formats: list[ImageFormat] | UnsetType = UNSET


class TraitSettings(_Section, frozen=True):
    """``null``: nothing is known, and nothing is refused for it."""

    refuses: list[Parameter] | UnsetType = UNSET
    context: Tokens | UnsetType | None = UNSET
    max_output: Tokens | UnsetType | None = UNSET
    inputs: list[Modality] | UnsetType | None = UNSET
    prefill: bool | Prefill | UnsetType = UNSET
    reasoning_content: bool | UnsetType = UNSET
    stream_options: bool | UnsetType = UNSET
    tokenizer: Tokenizer | UnsetType | None = UNSET
    images: ImageSettings | UnsetType = UNSET


class Tuning(_Section, frozen=True):
    """Settings that a provider, a model and a deployment can have. The narrowest one wins. ``null`` sends nothing."""

    timeouts: TimeoutSettings = TimeoutSettings()
    retries: RetrySettings = RetrySettings()
    max_tokens: Annotated[int, Meta(ge=1, le=10_000_000)] | UnsetType | None = UNSET
    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType | None = UNSET
    top_p: Annotated[float, Meta(ge=0, le=1)] | UnsetType | None = UNSET
    headers: dict[str, str] = {}
    price: PriceSettings | None = None
    traits: TraitSettings = TraitSettings()


class AccessSettings(Tuning, frozen=True, kw_only=True):
    """How a provider is reached. ``proxy: null`` goes straight to it, whatever the environment says."""

    base_url: Url | None = None
    api_key: Secret | None = None
    api_version: Name | None = None
    proxy: Secret | UnsetType | None = UNSET
    ca: File | None = None
    client_cert: File | None = None
    client_key: File | None = None


class ProviderSettings(AccessSettings, frozen=True):
    """The settings of all deployments of a provider. A deployment's own setting comes first."""


class DeploymentSettings(AccessSettings, frozen=True, kw_only=True):
    provider: Name
    model: Name
    weight: Count = 1
    tags: list[Tag] = []
    concurrency: Count | None = None
    queue: Annotated[int, Meta(ge=0, le=1_000_000)] = 100
    options: dict[str, Any] = {}


class WeightSettings(_Section, frozen=True):
    """How much each measure of the policy ``balanced`` counts."""

    cost: Weight = 1
    confidence: Weight = 1
    load: Weight = 1
    resources: Weight = 1


class ModelSettings(Tuning, frozen=True, kw_only=True):
    deployments: Annotated[list[ShortDeployment | DeploymentSettings], Meta(min_length=1)]
    policy: str = "order"
    weights: WeightSettings = WeightSettings()
    affinity: Affinity = "cache"
    needs_tags: list[Tag] = []
    fallbacks: list[Name] = []
    strict: bool = False
    midstream: Midstream | None = None
    upstream: Upstream = "as_asked"
    on_content_filter: OnContentFilter = "pass"
    hedge: bool = False
    unpriced: Unpriced | None = None
    cache: CacheMode = "deterministic"
    limits: LimitTexts | OperationLimits | None = None
    budget_usd: Usd | PeriodBudgets | None = None


class KeySettings(AllowanceSettings, frozen=True, kw_only=True):
    """``admin`` may change models, ``auditor`` may read what an admin may.

    ``trusted``: what its requests say of their end user and tags is recorded.
    """

    key: Secret
    name: Name | None = None
    user: IndexedName = ""
    team: IndexedName = ""
    tier: IndexedName = ""
    expires: Expiry | None = None
    needs_tags: list[Tag] = msgspec.field(default_factory=list)
    admin: bool = False
    auditor: bool = False
    strict: bool = False
    trusted: bool = False


class StoreDownSettings(_Section, frozen=True):
    """Whether requests are admitted (``open``) or refused (``closed``) while the store of the counts is away."""

    limits: StoreDown = "open"
    budgets: StoreDown = "closed"


class ExactCacheSettings(_Section, frozen=True):
    """Answers to the same request. ``ttl``: seconds that one is kept. ``bytes`` are those of all, in each process."""

    ttl: Annotated[float, Meta(gt=0, le=31_536_000)] = 3600
    share: CacheShare = "key"
    bytes: Bytes = 256 * 1024 * 1024


class CacheSettings(_Section, frozen=True):
    """A cache that isn't there is off."""

    exact: ExactCacheSettings | None = None


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="upper"):
    """One agent in the form of earlier systems. Its keys can have upper or lower case."""

    api_type: Name
    api_model: Name
    api_base: Url | None = None
    api_version: Name | None = None
    api_key: Secret | None = None


class Settings(_Section, frozen=True):
    """The whole file."""

    server: ServerSettings = ServerSettings()
    limits: LimitSettings = LimitSettings()
    auth: AuthSettings = AuthSettings()
    log: LogSettings = LogSettings()
    media: MediaSettings = MediaSettings()
    health: HealthSettings = HealthSettings()
    ledger: LedgerSettings = LedgerSettings()
    prices: BookSettings = BookSettings()
    data_dir: Folder = "data"
    discovery: bool = True
    midstream: Midstream = "continue"
    unpriced: Unpriced = "allow"
    on_budget: OnBudget = "refuse"
    store_down: StoreDownSettings = StoreDownSettings()
    cache: CacheSettings = CacheSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    retries: RetrySettings = RetrySettings()
    providers: dict[str, ProviderSettings] = {}
    models: dict[Name, ShortDeployment | ModelSettings] = {}
    aliases: dict[Name, Name] = {}
    agents: dict[Name, AgentSettings] = {}
    tiers: dict[Name, AllowanceSettings] = {}
    teams: dict[Name, AllowanceSettings] = {}
    users: dict[Name, UserSettings] = {}
    keys: list[KeySettings] = []
