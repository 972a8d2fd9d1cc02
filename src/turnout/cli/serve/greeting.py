"""The first output of a server: the next steps on a terminal, and warnings for the operator in the log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from turnout.catalog import Catalog
from turnout.catalog.discovery import Target
from turnout.cli.doctor.machine import folder_checks
from turnout.config import ADMIN_VARIABLE
from turnout.gateway import GatewaySetup
from turnout.providers import is_local

_LISTEN_TO_CLIENT_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # hosts to call
_FIRST_KEY = (
    "no keys are configured, so every request needs the admin key in %s: %s. "
    "A key of your own goes into %s (in a cluster from a Secret) or under 'keys' in the configuration."
)
_JSON = "-H 'content-type: application/json'"

log = logging.getLogger(__name__)


def greet(setup: GatewaySetup, host: str, port: int) -> None:
    catalog = setup.catalog
    catalog.log_advice()
    for check in folder_checks(Path(catalog.settings.data_dir)):
        if check.mark == "wrong":
            log.warning("%s", check.text)
    url = url_of(host, port)
    if key_file := catalog.configured.key_file:
        log.warning(_FIRST_KEY, key_file.absolute(), f"curl {url}/v1/models{_curl_key_option(catalog)}", ADMIN_VARIABLE)
    if sys.stderr.isatty():
        print("\n".join(greeting(catalog, url)), file=sys.stderr)  # noqa: T201  # for the user


def url_of(host: str, port: int) -> str:
    """The URL at which a client on this machine reaches a server that listens on ``host``."""
    host = _LISTEN_TO_CLIENT_HOST.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def greeting(catalog: Catalog, url: str) -> Iterator[str]:
    yield ""
    yield f"Turnout serves on {url}. To try it, paste this into another terminal:"
    yield ""
    yield from _command(catalog, url)
    yield ""
    yield f"{_summary(catalog)} `turnout models` lists all that is served."
    yield f"Ledger: {Path(catalog.settings.data_dir).absolute()}. API: {url}/docs. The log follows; Ctrl-C ends it."
    yield ""


def _command(catalog: Catalog, url: str) -> Iterator[str]:
    model = next(iter(catalog.snapshot.models), None)
    key = _curl_key_option(catalog)
    if model is None:
        yield f"  curl {url}/v1/models{key}"
        return
    yield f"  curl {url}/v1/chat/completions {_JSON}{key} \\"
    yield f"""    -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello, Turnout"}}]}}'"""


def _curl_key_option(catalog: Catalog) -> str:
    """The option that makes ``curl`` send a key. The shell reads the key, so the text doesn't show it."""
    if not catalog.snapshot.auth_required:
        return ""
    file = catalog.configured.key_file
    secret = f"$(cat '{file.absolute()}')" if file else "$KEY"
    return f' -H "authorization: Bearer {secret}"'


def _summary(catalog: Catalog) -> str:
    """The providers whose keys were found, and the local servers that discovery asks."""
    targets = [target for target in catalog.targets() if not target.self_reference]
    keys = [_title(target) for target in targets if target.deployment.api_key and not is_local(target.provider)]
    local = [target.provider.profile.title for target in targets if is_local(target.provider)]
    summary = f"Keys found for {', '.join(keys)}." if keys else "No provider's key was found."
    return f"{summary} Looked for on this machine: {', '.join(local)}." if local else summary


def _title(target: Target) -> str:
    source = target.deployment.key_source
    return f"{target.provider.profile.title} ({source})" if source else target.provider.profile.title
