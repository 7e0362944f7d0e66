"""Names are one line, and seen as they are."""

import pytest

from webmon.domain.names import checked_name


@pytest.mark.parametrize(
    "name",
    [
        "a\nb",
        "a\rb",
        "a\u2028b",
        "a\x85b",
        "a\x1b[31mb",
        "a\u202eb",
        "a\u2066b\u2069",
        "a\u200eb",
        "a\u200bb",
        "\u200b",
        "\ufeff",
        "a\U000e0041",
        "\ud800",
        "\u200d",
        "\u3164",
        "\u2800\u115f",
        "\u0301",
        "\u00a0",
    ],
)
def test_what_cannot_be_seen_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="be seen"):
        checked_name(name)


@pytest.mark.parametrize(
    "name", ["Datastore", "Größe – 2", "数据", "نام\u200cها", "👩\u200d💻", "e\u0301", "a\u00a0b"]
)
def test_every_script_may_be_written(name: str) -> None:
    assert checked_name(name) == name
