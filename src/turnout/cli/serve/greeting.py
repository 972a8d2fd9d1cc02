"""The first words of a server: what a new user needs next, on a terminal; what an operator should know, in the log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from turnout.catalog import Catalog
from turnout.catalog.discovery import Target
from turnout.cli.doctor.machine import folder_checks
from turnout.config import ADMIN_VARIABLE
from turnout.gateway import Gateway
from turnout.providers import is_local

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # called, not listened on
_FIRST_KEY = (
    "no keys are configured, so every request needs the admin key in %s: %s. "
    "A key of your own goes into %s (in a cluster from a Secret) or under 'keys' in the configuration."
)
_JSON = "-H 'content-type: application/json'"

log = logging.getLogger(__name__)


def greet(gateway: Gateway, host: str, port: int) -> None:
    catalog = gateway.catalog
    catalog.log_advice()
    for check in folder_checks(Path(catalog.settings.data_dir)):
        if check.mark == "wrong":
            log.warning("%s", check.text)
    url = url_of(host, port)
    if key_file := catalog.configured.key_file:
        log.warning(_FIRST_KEY, key_file.absolute(), f"curl {url}/v1/models{_key(catalog)}", ADMIN_VARIABLE)
    if sys.stderr.isatty():
        print("\n".join(greeting(catalog, url)), file=sys.stderr)  # noqa: T201  # speaks to people


def url_of(host: str, port: int) -> str:
    """Where a client on this machine reaches what listens on ``host``."""
    here = _EVERYWHERE.get(host, host)
    return f"http://{f'[{here}]' if ':' in here else here}:{port}"


def greeting(catalog: Catalog, url: str) -> Iterator[str]:
    yield ""
    yield f"Turnout serves on {url}. To try it, paste this into another terminal:"
    yield ""
    yield from _command(catalog, url)
    yield ""
    yield f"{_found(catalog)} `turnout models` lists all that is served."
    yield f"Ledger: {Path(catalog.settings.data_dir).absolute()}. API: {url}/docs. The log follows; Ctrl-C ends it."
    yield ""


def _command(catalog: Catalog, url: str) -> Iterator[str]:
    model = next(iter(catalog.snapshot.models), None)
    key = _key(catalog)
    if model is None:
        yield f"  curl {url}/v1/models{key}"
        return
    yield f"  curl {url}/v1/chat/completions {_JSON}{key} \\"
    yield f"""    -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello, Turnout"}}]}}'"""


def _key(catalog: Catalog) -> str:
    """How ``curl`` sends one, read by the shell: it isn't shown here."""
    if not catalog.snapshot.auth_required:
        return ""
    file = catalog.configured.key_file
    secret = f"$(cat '{file.absolute()}')" if file else "$KEY"
    return f' -H "authorization: Bearer {secret}"'


def _found(catalog: Catalog) -> str:
    targets = [target for target in catalog.targets() if not target.self_reference]
    keys = [_named(target) for target in targets if target.deployment.api_key and not is_local(target.provider)]
    local = [target.provider.profile.title for target in targets if is_local(target.provider)]
    found = f"Keys found for {', '.join(keys)}." if keys else "No provider's key was found."
    return f"{found} Looked for on this machine: {', '.join(local)}." if local else found


def _named(target: Target) -> str:
    source = target.deployment.key_source
    return f"{target.provider.profile.title} ({source})" if source else target.provider.profile.title
