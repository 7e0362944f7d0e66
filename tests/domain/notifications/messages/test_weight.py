"""X's way of counting, with examples from its documentation and its own conformance tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmon.domain.notifications.messages.weight import clipped, fits, weighted_length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("This is a test.", 15),
        ("a" * 280, 280),
        ("caf\u00e9", 4),
        ("cafe\u0301", 4),
        ("Привет", 6),
        ("สวัสดี", 6),
        ("გამარჯობა", 9),
        ("你好", 4),
        ("の", 2),
        ("\u1100", 2),
        ("\u10ff", 1),
        ("– — ‘ ’ “ ” ", 12),
        ("…", 2),
        ("•", 2),
        ("\u200d", 1),
        ("\u200e", 2),
        ("’″", 2),
        ("€", 2),
        ("👍", 2),
        ("👍🏾", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("👩🏽‍⚕️", 2),
        ("🇬🇧🇳🇵", 4),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", 2),
        ("1️⃣", 2),
        ("❤️", 2),
        ("©️", 2),
        ("©", 1),
        ("a🙂b", 4),
        ("https://example.org/a/very/long/path/that/would/be/more/than/23", 23),
        ("See http://a.io now", 4 + 23 + 4),
    ],
)
def test_counting(text: str, length: int) -> None:
    assert weighted_length(text) == length


@given(st.text())
def test_what_fits_is_short_enough(text: str) -> None:
    assert not fits(text) or weighted_length(text) <= 280


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 9, "one two…"),
        ("one two three", 8, "one…"),
        ("one, two", 7, "one…"),
        ("internationalisation", 10, "internat…"),
        ("你好世界你好世界", 10, "你好世界…"),
    ],
)
def test_words_are_not_cut(text: str, room: int, expected: str) -> None:
    assert clipped(text, room) == expected


@given(st.text(), st.integers(4, 50))
def test_what_is_clipped_has_room(text: str, room: int) -> None:
    assert weighted_length(clipped(text, room)) <= max(room, 2)
