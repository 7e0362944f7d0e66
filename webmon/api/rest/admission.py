"""Who may ask, and how often: the key, and a rate for each key and for each address without one."""

import time

from fastapi import HTTPException, Request

from webmon.api.rest.keys import bearer
from webmon.domain.rates import Rate
from webmon.errors import Throttled
from webmon.queries.api_keys import Bearer

BURST, PER_SECOND = 200, 20.0
WRONG_BURST, WRONG_PER_SECOND = 60, 1.0
TOO_MANY = "too many requests; wait for as long as Retry-After says"


class Admission:
    """The rates of one process."""

    def __init__(self) -> None:
        self._keys = Rate(BURST, PER_SECOND)
        self._wrong = Rate(WRONG_BURST, WRONG_PER_SECOND)

    async def admit(self, request: Request) -> Bearer:
        """Who asks.

        Raises:
            HTTPException: 401 without a key that holds.
            Throttled: too often.
        """
        try:
            who = await bearer(request)
        except HTTPException:
            address = request.client.host if request.client else ""
            _require(self._wrong.wait_seconds(address, time.monotonic()))
            raise
        _require(self._keys.wait_seconds(who.key_id, time.monotonic()))
        return who


def _require(wait: int) -> None:
    if wait:
        raise Throttled(TOO_MANY, wait)
