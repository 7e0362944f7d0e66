"""The monitor reports in elsewhere, so that somebody notices when it falls silent itself."""

import asyncio
import logging

import httpx

from webmon import clock
from webmon.notifiers.failures import reason
from webmon.notifiers.transport import proxy_to, tls_context
from webmon.queries.system.work import what_stands_still
from workers.pipeline import Pipeline

log = logging.getLogger(__name__)

EVERY_SECONDS = 60
TIMEOUT_SECONDS = 10.0
HEADERS = {"User-Agent": "Beaconry (website monitor)"}


class OwnHeartbeat:
    """Calls ``url`` as long as checks are recorded and messages are sent. Says what changes."""

    def __init__(self, pipeline: Pipeline, url: str) -> None:
        self._pipeline, self._url = pipeline, url
        self._said = ""

    async def report(self) -> None:
        """Call the address; not while something stands still.

        The question is put in a transaction that can write: a database that only reads fails here.
        """
        wrong = await self._pipeline.in_database(
            lambda session: what_stands_still(session, now=clock.utcnow())
        )
        why = "; ".join(wrong.values())
        fault = why or await self._call()
        if fault and fault != self._said:
            log.warning("no heartbeat is sent: %s" if why else "a heartbeat failed: %s", fault)
        self._said = fault

    async def _call(self) -> str:
        """Why it did not get through; empty where it did."""
        proxy = proxy_to(self._url)
        through = httpx.Proxy(proxy.url, headers=proxy.headers) if proxy else None
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                httpx.AsyncClient(
                    verify=tls_context(), trust_env=False, proxy=through, headers=HEADERS
                ) as client,
                client.stream("GET", self._url) as answer,
            ):
                return "" if answer.is_success else f"status {answer.status_code}"
        except TimeoutError:
            return "no answer"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return reason(error, proxy)
