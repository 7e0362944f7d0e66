"""How much a list has changed under somebody who reads it; tags."""

import pytest

from webmon.domain.list_order import count_moves
from webmon.domain.tags import read_tags


@pytest.mark.parametrize(
    ("shown", "wanted", "moves"),
    [
        ([1, 2, 3], [1, 2, 3], 0),
        ([1, 2, 3], [3, 1, 2], 1),
        ([1, 2, 3, 4], [4, 3, 1, 2], 2),
        ([1, 2, 3], [1, 9, 3], 1),
        ([1, 2, 3], [1, 3], 1),
        ([], [1, 2], 2),
    ],
)
def test_moves_are_those_that_lead_to_the_new_order(
    shown: list[int], wanted: list[int], moves: int
) -> None:
    assert count_moves(shown, wanted) == moves


def test_tags_are_words_in_order() -> None:
    assert read_tags(" Web, db,web,, team:data ") == ["db", "team:data", "web"]
    assert read_tags(["Ümlaut"]) == ["ümlaut"]


@pytest.mark.parametrize("wrong", ["a b", 'a"b', "x" * 31, ["a", 1], 7, ",".join("abcdefghijk")])
def test_what_is_no_tag_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="tag"):
        read_tags(wrong)
