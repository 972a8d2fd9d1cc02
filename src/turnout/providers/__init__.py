"""The wires of upstreams. A provider translates and never sends: it gives requests as data and takes replies as bytes.

To add one, put a module here that holds ``PROVIDERS``, a tuple of ``Provider`` objects: it is found by itself. So is
one of an installed package, by an entry point (``plugins.py``). One more vendor on OpenAI's wire is a row in
``openai/vendors.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, TypeGuard, TypeVar, runtime_checkable

import msgspec

from turnout.core import (
    ChatRequest,
    Defaults,
    Deployment,
    Description,
    EmbeddingRequest,
    ImageLimits,
    Request,
    StreamEvent,
    Support,
    WireRequest,
)
from turnout.errors import ConfigError, Unsupported, UpstreamRefused
from turnout.plugins import InvalidPlugin, PluginTable, check_members, find_plugins

from .prefill_words import refuses_prefill as refuses_prefill
from .quotas import quota_of as quota_of


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a provider that configuration, discovery and ``turnout doctor`` need.

    ``url_variables`` and ``key_variables`` are environment variables; the first that is set wins.
    ``key_prefix`` begins every key of this provider; empty if they don't begin alike.
    ``start_hint`` is the command that starts a local server of this kind.
    ``lists_served`` is False if the provider may also serve models that its list of models leaves out.
    ``defaults`` are for requests of the service APIs and the library; a vendor's dialect adds nothing.
    ``images`` are the image limits of its models without limits of their own; None: its models take no images.
    """

    title: str
    base_url: str
    url_variables: tuple[str, ...] = ()
    key_variables: tuple[str, ...] = ()
    key_prefix: str = ""
    defaults: Defaults = Defaults()
    first_token: float = 30
    start_hint: str = ""
    lists_served: bool = True
    images: ImageLimits | None = ImageLimits()
    price_source: str = ""  # the provider's id in the price book; empty if its tokens cost nothing
    aliases: tuple[str, ...] = ()
    docs: str = ""


class Decoder(Protocol):
    """Reads one reply into core events. The reply comes in pieces that may be cut anywhere.

    A unary reply is fed in the same way, and ``close`` gives its events. The caller calls ``close`` at the end of every
    reply, to get the events that were still held. A stream that was cut has no ``Finish``. Both methods raise
    ``UpstreamBroken`` for bytes that aren't of this wire; a single frame of a stream may be left out for it
    (``frames.py``).
    """

    def feed(self, data: bytes) -> list[StreamEvent]: ...

    def close(self) -> list[StreamEvent]: ...


RequestKind = TypeVar("RequestKind", bound=Request, contravariant=True)


class Operation(Protocol[RequestKind]):
    """One kind of request over one wire. ``wire`` names the wire format."""

    @property
    def wire(self) -> str: ...

    def build(self, request: RequestKind, deployment: Deployment) -> WireRequest:
        """The request for ``deployment``. Raises ``Unsupported`` for a request that this wire can't express."""
        ...

    def decoder(self, request: RequestKind) -> Decoder:
        """Reads the reply to ``request`` into events. The request's ``stream`` says which form the reply has."""
        ...


class RelayingOperation(Operation[RequestKind], Protocol[RequestKind]):
    """An operation on a wire that a dialect speaks too. A wire that no dialect speaks needs no ``relay``.

    A request whose ``raw.wire`` is this wire is relayed: ``build`` sends the client's own fields, and ``relay`` reads
    the reply into ``Relayed`` frames beside usage, finish and failure.
    """

    def relay(self, request: RequestKind) -> Decoder:
        """Like ``decoder``, for a client on the same wire."""
        ...


@runtime_checkable
class WireProvider(Operation[ChatRequest], Protocol):
    """A provider behind a socket. It is itself the operation for chat."""

    name: str
    profile: Profile
    support: Support

    def operation(self, request: Request) -> Operation[Any]:
        """The operation for ``request``. For chat it is the provider itself, or one on the client's own chat wire.

        Raises ``Unsupported`` (``no_operation``) for a kind of request that the provider doesn't serve.
        """
        ...

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        """The error for an error status. ``headers`` have lower-case names."""
        ...

    def list_models(self, deployment: Deployment) -> WireRequest:
        """A request for the list of the provider's models. It ignores ``deployment.model``."""
        ...

    def read_models(self, body: bytes) -> list[str]:
        """The upstream model names in the reply to ``list_models``."""
        ...


class DescribingProvider(WireProvider, Protocol):
    """An engine that says what each of its models can do, and how long a conversation it takes."""

    def describe(self, deployment: Deployment) -> WireRequest:
        """A request for the description of ``deployment.model``. It must not load the model."""
        ...

    def read_description(self, body: bytes, deployment: Deployment) -> Description:
        """Reads the reply to ``describe``. Raises ``msgspec.DecodeError`` for one that has another form."""
        ...


@runtime_checkable
class LocalProvider(Protocol):
    """A provider inside this process."""

    name: str
    profile: Profile
    support: Support

    def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        """The answer's events, in pieces. Raises ``Unsupported`` at once, before it gives any."""
        ...


class LocalEmbedder(LocalProvider, Protocol):
    """A provider inside this process that makes vectors, too."""

    def embed(self, request: EmbeddingRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        """A ``Product`` of ``Embeddings``, and the usage if it is known. Raises ``Unsupported`` at once."""
        ...


Provider = WireProvider | LocalProvider


def makes_vectors(provider: Provider) -> TypeGuard[LocalEmbedder]:
    """Whether it is a ``LocalEmbedder``."""
    return hasattr(provider, "embed")


def describes(provider: Provider) -> TypeGuard[DescribingProvider]:
    """Whether it is a ``DescribingProvider``."""
    return hasattr(provider, "describe")


def local_models(provider: Provider) -> Sequence[str]:
    """The models that a ``LocalProvider`` serves without configuration: its ``models``, else one of its own name."""
    return getattr(provider, "models", None) or (provider.name,)


def in_process(provider: Provider) -> bool:
    """Whether it is a ``LocalProvider``. ``isinstance`` is slower: it checks every member of a protocol."""
    return hasattr(provider, "run")


def is_local(provider: Provider) -> bool:
    """Whether it runs on the operator's own machines, where tokens have no price."""
    return in_process(provider) or bool(provider.profile.start_hint)


_OPERATION_NAMES = {"image": "making images", "count": "counting tokens"}
"""The operations whose own names don't say it."""


def no_operation(provider: str, request: Request) -> Unsupported:
    """The error for a kind of request that ``provider`` doesn't serve."""
    kind = _OPERATION_NAMES.get(request.operation, request.operation)
    return Unsupported(f"The provider '{provider}' does not support {kind}.", param="model")


@cache
def registry() -> Mapping[str, Provider]:
    """Every provider in this folder, of a plug-in or registered, by its name and by each of its aliases (lower case).

    Raises ``ConfigError`` for plug-ins that can't be used.
    """
    return _plugin_table().by_name


def register(provider: Provider) -> None:
    """Adds a provider of this program's own. Call it before ``turnout.open``, which serves it like all the others.

    Raises ``ConfigError`` for one that lacks something or has the name of another one.
    """
    try:
        _plugin_table().add(_named((provider,)), "one that was registered")
    except InvalidPlugin as error:
        raise ConfigError(f"The provider can't be registered: {error}.") from error


@cache
def _plugin_table() -> PluginTable[Provider]:
    return find_plugins(__name__, __path__, __name__, _named)


def _named(providers: Any) -> Iterator[tuple[str, Provider]]:
    """The providers of a module, under each of their names. Raises ``InvalidPlugin``."""
    if not isinstance(providers, tuple):
        raise InvalidPlugin("PROVIDERS has to be a tuple of providers")
    for provider in providers:
        description = f"the provider {getattr(provider, 'name', provider)!r}"
        check_members(provider, LocalProvider if in_process(provider) else WireProvider, description)
        if not isinstance(provider.profile, Profile) or not isinstance(provider.support, Support):
            raise InvalidPlugin(f"{description} has to have a Profile as 'profile' and a Support as 'support'")
        for name in (provider.name, *provider.profile.aliases):
            yield name, provider
