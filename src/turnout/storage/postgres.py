"""Postgres: a server, for any number of hosts."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg  # type: ignore[import-untyped]  # it comes without types
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from turnout.errors import StorageUnavailable

from .address import POSTGRES

CONNECTIONS = 3
"""In each process: for settling, for recovery and for reading. A task that finds none free waits."""

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 30
"""Longer than any statement takes. A server that no longer answers must not block the ledger for ever."""


def engine_of(url: str) -> AsyncEngine:
    async def connect_to_url() -> asyncpg.Connection:
        return await connect(url)

    return create_async_engine(
        f"{POSTGRES}://", async_creator=connect_to_url, pool_size=CONNECTIONS, max_overflow=0, pool_pre_ping=True
    )


async def connect(url: str, settings: Mapping[str, str] | None = None) -> asyncpg.Connection:
    """asyncpg parses the address, so all of libpq's forms work: ``sslmode``, sockets, several hosts.

    ``settings`` are the server's, for this connection. Raises ``StorageUnavailable``.
    """
    try:
        return await asyncpg.connect(
            "postgresql" + url.removeprefix(POSTGRES),
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            server_settings={"application_name": "turnout", **(settings or {})},
        )
    except TimeoutError as error:
        raise StorageUnavailable(f"Postgres did not answer within {CONNECT_SECONDS} s.") from error
    except asyncpg.PostgresError as error:  # its message names the user and the database, never the password
        raise StorageUnavailable(f"Postgres refused the connection: {error.args[0]}") from error
    except (asyncpg.InterfaceError, ValueError) as error:
        raise StorageUnavailable("DATABASE_URL is not an address that asyncpg understands.") from error
