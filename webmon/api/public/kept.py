"""An answer that is made once for many who ask, and kept for a while by what it cost."""

import gzip
import time
from collections.abc import Callable

from webmon.api.public.kept_snapshots import Packed
from webmon.api.question import Question

RESTED = 10
"""What took a second to make is kept for so many."""
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 60.0
QUICK = 1
"""The level of compression: such texts repeat themselves."""


class Kept:
    """What ``make`` gives. However many ask, it is made once at a time."""

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make
        self._question = Question(self._ask)
        self._until = 0.0
        self._packed: Packed | None = None

    async def get(self) -> Packed:
        """The present answer; where it is expensive, that of some seconds ago.

        Raises:
            TimeoutError: it is not ready; or what making it raises.
        """
        if self._packed is None or time.monotonic() >= self._until:
            self._packed = await self._question.answer()
        return self._packed

    def _ask(self) -> Packed:
        begin = time.thread_time()
        body = self._make()
        packed = Packed(
            body, gzip.compress(body, compresslevel=QUICK, mtime=0), Packed.tag_of(body)
        )
        took = time.thread_time() - begin
        rest = min(max(RESTED * took, SHORTEST_SECONDS), LONGEST_SECONDS)
        self._until = time.monotonic() + rest
        return packed
