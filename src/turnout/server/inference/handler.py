"""The data plane: one request to a model, from its dialect to a deployment and back.

Nothing here waits for anything but the client and the provider.
"""

from __future__ import annotations

import asyncio

from turnout.errors import TurnoutError
from turnout.gateway import Gateway
from turnout.server.access import Access
from turnout.server.endpoints import Match
from turnout.server.request import ClientLeft, Receive, Scope, Send

from .exchange import Exchange
from .notices import Notices

_CLIENT_LEFT_STATUS = 499  # nginx's; only metrics see it


class Inference:
    """Answers POST requests of every dialect."""

    def __init__(self, gateway: Gateway, access: Access) -> None:
        self._gateway = gateway
        self._access = access
        self._notices = Notices()

    async def handle(self, match: Match, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(self._gateway, self._access, self._notices, match, scope, receive, send)
        tally = self._gateway.metrics.tally
        tally.in_flight += 1
        try:
            await exchange.answer()
        except TurnoutError as error:
            await exchange.refuse(error)
        except ClientLeft:
            exchange.client.status = _CLIENT_LEFT_STATUS
        except asyncio.CancelledError:
            if not await exchange.stopped():
                raise
        except Exception:  # a defect of ours: the client is told in its own dialect, the log has the rest
            if not await exchange.fail():
                raise
        finally:
            tally.in_flight -= 1
            exchange.count()
