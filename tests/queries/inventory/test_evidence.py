"""Evidence as people read it."""

from typing import Any

import pytest

from webmon.domain.figures import milliseconds, size
from webmon.queries.inventory.evidence import BarView, FactView, PairView, bars, facts

AT = "2026-11-23T02:00:07+00:00"


def only(**evidence: Any) -> FactView:
    (fact,) = facts(evidence)
    return fact


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [
        ("status_code", 200, FactView("Status code", "200")),
        ("exit_status", 0, FactView("Exit status", "0")),
        ("os_uptime_seconds", 1_234_567, FactView("OS uptime", "14 d 6 h")),
        ("run_seconds", 0.25, FactView("Run time", "250 ms")),
        ("ttl", 300, FactView("TTL", "5 min")),
        ("login_ms", 22.14, FactView("Login", "22 ms")),
        ("loss_percent", 33.3, FactView("Loss", "33.3 %")),
        ("body_bytes", 18_233, FactView("Body size", "18 kB")),
        ("in_recovery", True, FactView("In recovery", "yes")),
        ("not_after", AT, FactView("Valid until", at=AT)),
        ("last_heartbeat_at", AT, FactView("Last reported", at=AT)),
        ("capabilities", ["SIZE", "STARTTLS"], FactView("Capabilities", "SIZE, STARTTLS")),
        ("names", ["a" * 30, "b"], FactView("Names", listed=("a" * 30, "b"))),
        ("body", "one\ntwo", FactView("What it said", "one\ntwo", is_long=True)),
        ("not_available", ["os_uptime_seconds"], FactView("Not available", "OS uptime")),
    ],
)
def test_a_value_is_shown_by_what_its_name_says(name: str, value: Any, fact: FactView) -> None:
    assert only(**{name: value}) == fact


def test_what_belongs_together_is_a_small_table() -> None:
    certificate = {"days_left": 0, "expires_at": "2026-11-24T00:00:00Z", "issuer": ""}
    rows = (PairView("Days left", "0"), PairView("Expires", at="2026-11-24T00:00:00Z"))
    assert only(certificate=certificate) == FactView("Certificate", rows=rows)


def test_what_says_nothing_or_is_shown_elsewhere_is_left_out() -> None:
    assert facts({"a": None, "b": "", "c": False, "d": [], "total_ms": 3, "disks": [{}]}) == ()


def test_the_length_of_a_list_is_said_only_where_the_list_is_cut() -> None:
    assert only(names=["a"], names_total=1) == FactView("Names", "a")
    assert len(facts({"names": ["a"], "names_total": 40})) == 2


def test_the_three_loads_are_one_fact() -> None:
    fact = only(load_1m=0.42, load_5m=0.3, load_15m=1.0)
    assert fact == FactView("Load (1, 5, 15 min)", "0.42 · 0.3 · 1")


def test_disks_and_memory_are_bars_with_the_status_that_they_are_worth() -> None:
    disks = [
        {"mount": "/", "used_percent": 42.6, "free_bytes": 31_400_000_000, "inodes_percent": 81.0},
        {"mount": "/srv", "used_percent": 99.6, "free_bytes": None, "inodes_percent": None},
        {"mount": "/odd", "used_percent": None, "free_bytes": None},
    ]
    limits = {"disk_warn_percent": 80, "disk_down_percent": 95, "memory_warn_percent": None}
    assert bars({"disks": disks, "memory_percent": 61.3}, limits) == (
        BarView("/", 42.6, "42 %", "31 GB free, inodes 81 %", "degraded"),
        BarView("/srv", 99.6, "99 %", "", "down"),
        BarView("/odd", 0, "", "", ""),
        BarView("Memory", 61.3, "61 %"),
    )


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (None, ""),
        (400, "0.4 ms"),
        (9_999, "10.0 ms"),
        (128_400, "128 ms"),
        (812_400_000, "13 min 32 s"),
    ],
)
def test_lengths_are_shown_as_people_read_them(microseconds: int | None, text: str) -> None:
    assert milliseconds(microseconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (812, "812 B"), (1_400, "1.4 kB"), (31_400_000_000, "31 GB"), (2e12, "2.0 TB")],
)
def test_sizes_are_shown_as_people_read_them(count: float, text: str) -> None:
    assert size(count) == text
