"""What a client's `Accept` and `Accept-Encoding` mean."""

import pytest

from webmon.domain.negotiation import has_tag, takes_gzip, wants_page


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP, deflate, br", True),
        ("deflate, x-gzip", True),
        ("gzip;q=0", False),
        ("gzip ; Q=0.000, *", False),
        ("gzip;q=0.5", True),
        ("*", True),
        ("*;q=0", False),
        ("*;q=0, gzip", True),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.5, gzip", True),
        ("notgzip, br", False),
    ],
)
def test_compressed_is_what_is_taken_compressed(header: str, taken: bool) -> None:
    assert takes_gzip(header) is taken


@pytest.mark.parametrize(
    ("header", "page"),
    [
        ("", False),
        ("*/*", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("text/html;q=0", False),
        ("text/html;level=1;q=0.4, application/json", False),
        ("application/json;q=0.4, Text/HTML", True),
        ("text/html;q=0.4, application/problem+json;q=0.9", False),
    ],
)
def test_a_page_is_for_who_names_it(header: str, page: bool) -> None:
    assert wants_page(header) is page


@pytest.mark.parametrize(
    ("header", "known"),
    [('"a"', True), ('W/"a"', True), ('"b", W/"a"', True), ("", False), ('"ab"', False)],
)
def test_a_tag_is_known_among_several_and_weakly(header: str, known: bool) -> None:
    assert has_tag(header, '"a"') is known
