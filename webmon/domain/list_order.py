"""How far a list that somebody reads is from the order that it would have now."""

from bisect import bisect_left
from collections.abc import Sequence


def count_moves(shown: Sequence[int], wanted: Sequence[int]) -> int:
    """How many rows of ``wanted`` (ids, each once) have to be moved or added to get it from
    ``shown``; those that would only go away count too.
    """
    places = {row: place for place, row in enumerate(shown)}
    ends: list[int] = []
    for row in wanted:
        if row not in places:
            continue
        at = bisect_left(ends, places[row])
        ends[at : at + 1] = [places[row]]
    return max(len(wanted), len(shown)) - len(ends)
