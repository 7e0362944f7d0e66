"""Planned downtime in the file: applied, exported, and its mistakes found by line."""

from pathlib import Path

import pytest
import yaml
from sqlmodel import Session, select

from tests.clock import NOW
from webmon.commands.config_file.apply import apply_file
from webmon.commands.config_file.export import export
from webmon.commands.downtimes.plan import plan_downtime
from webmon.errors import FileError
from webmon.models import Downtime, DowntimeOccurrence

SITE = """\
namespaces:
  - {slug: iati, name: IATI, timezone: Europe/London}
  - {slug: di, name: DI}
channels:
  - {name: hook, kind: webhook, config: {url: "https://a.example/"}}
hosts:
  - name: Datastore
    namespace: iati
    address: datastore.example.org
    services:
      - {name: Port, kind: tcp, config: {port: 443}}
  - {name: Elsewhere, namespace: di}
"""
UPGRADE = """\
  - {title: Database upgrade, namespace: iati, hosts: [Datastore], starts_at: "2026-12-01T22:00",
     duration: 45m, timezone: Europe/London, rrule: "FREQ=MONTHLY;BYDAY=1TU",
     announce_before: [24h, 1h], message: "Short."}
"""


@pytest.fixture
def apply(session: Session, tmp_path: Path):
    def run(downtimes: str, *, prune: bool = False) -> list[str]:
        file = tmp_path / "first.yaml"
        file.write_text(SITE + ("downtimes:\n" + downtimes if downtimes else ""))
        try:
            return apply_file(session, file, prune=prune, now=NOW).lines
        except FileError as error:
            return [str(error).removeprefix(f"{file}:")]

    return run


def test_it_is_planned_changed_and_called_off(apply, session):
    assert apply(UPGRADE)[-1] == "+ downtime Database upgrade (iati)"
    made = session.exec(select(Downtime)).one()
    assert (made.duration_seconds, made.announce_before) == (2700, [86400, 3600])
    assert apply(UPGRADE) == []
    changed = UPGRADE.replace("22:00", "23:00").replace("45m", "1h")
    assert apply(changed) == [
        "~ downtime Database upgrade (iati): starts_at 2026-12-01T22:00 → 2026-12-01T23:00, "
        "duration 45m → 1h"
    ]
    assert apply("", prune=False) == []
    assert apply("", prune=True) == ["- downtime Database upgrade (iati)"]
    assert apply("", prune=True) == []
    session.refresh(made)
    assert made.cancelled_at == NOW
    assert apply(UPGRADE) == ["+ downtime Database upgrade (iati)"]


def test_an_id_keeps_it_the_same_under_another_title(apply, session):
    apply(UPGRADE)
    known = UPGRADE.replace("{title", "{id: upgrade, title")
    assert apply(known) == ["~ downtime Database upgrade (iati): id None → upgrade"]
    renamed = known.replace("Database upgrade", "Move")
    assert apply(renamed, prune=True) == ["~ downtime Move (iati): title Database upgrade → Move"]
    assert len(session.exec(select(Downtime)).all()) == 1


def test_what_is_exported_and_applied_changes_nothing(apply, session, tmp_path):
    apply(
        UPGRADE
        + "  - {id: x, title: Two, namespace: iati, services: [Datastore/Port], channels: [hook],\n"
        "     starts_at: 2026-12-24T10:00:00, ends_at: 2026-12-24T11:30:00, finish_when_up: 3,\n"
        "     audience: {reminded: page}, silence_all: true, announce_before: []}\n"
        "  - {title: All, namespace: di, whole_namespace: true, starts_at: '2026-12-24T10:00:30',\n"
        "     duration: 20s}\n"
    )
    text = export(session, with_secrets=False)
    assert yaml.safe_load(text)["downtimes"][1] == {
        "id": "x", "title": "Two", "namespace": "iati", "services": ["Datastore/Port"],
        "starts_at": "2026-12-24T10:00", "duration": "90m", "timezone": "Europe/London",
        "announce_before": [], "channels": ["hook"], "audience": {"reminded": "page"},
        "silence_all": True, "finish_when_up": 3,
    }  # fmt: skip
    file = tmp_path / "exported.yaml"
    file.write_text(text)
    assert apply_file(session, file, prune=True, now=NOW).lines == []


def test_several_of_one_title_are_told_apart(apply, session, tmp_path):
    apply(UPGRADE.replace("{title", "{id: '#2', title") + UPGRADE)
    again = {"title": "Database upgrade", "namespace_id": 1, "host_ids": [1]}
    for starts_at, seconds in (("2026-12-24T10:00", 600), ("2026-12-25T10:00", 900)):
        fields = again | {"starts_at": starts_at, "duration_seconds": seconds}
        plan_downtime(session, fields, actor=None, now=NOW)
    session.flush()
    file = tmp_path / "exported.yaml"
    file.write_text(export(session, with_secrets=False))
    told = yaml.safe_load(file.read_text())["downtimes"]
    assert [each["id"] for each in told] == ["#2", "##2", "#3", "#4"]
    assert apply_file(session, file, prune=True, now=NOW).lines == []
    assert {row.key for row in session.exec(select(Downtime))} == {"#2", None}
    file.write_text(file.read_text().replace("15m", "20m"))
    assert apply_file(session, file, prune=True, now=NOW).lines == [
        "~ downtime Database upgrade (iati): duration 15m → 20m"
    ]


def test_one_with_an_id_is_kept_by_its_title_too(apply):
    apply(UPGRADE.replace("{title", "{id: upgrade, title"))
    assert apply(UPGRADE, prune=True) == []


@pytest.mark.parametrize(
    ("found", "instead", "error"),
    [
        ("duration: 45m", 'ends_at: "2026-12-01T21:00"', "15: downtimes[0].ends_at: must be after"),
        ("duration: 45m", "duration: 0s", "15: downtimes[0].duration: must be longer"),
        ("Europe/London, rrule", "Mars/X, rrule", "15: downtimes[0].timezone: must be"),
        ("FREQ=MONTHLY;BYDAY=1TU", "FREQ=DAILY;BYSECOND=1", "15: downtimes[0].rrule: must not"),
        ("FREQ=MONTHLY;BYDAY=1TU", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
         "15: downtimes[0].rrule: never occurs"),
        ("[24h, 1h]", "[24h, -1h]", "16: downtimes[0].announce_before[1]: '-1h' is not a"),
        ("[24h, 1h]", "[0s]", "16: downtimes[0].announce_before: must lie before the start"),
        ("hosts: [Datastore], ", "", "14: downtimes[0].hosts: choose what is affected"),
        ("[Datastore]", "[Elsewhere]", "14: downtimes[0].hosts[0]: there is no host Elsewhere"),
        ("[Datastore]", "[Datastore], services: [Nope]", "14: downtimes[0].services[0]: must be a"),
        ("[Datastore]", "[Datastore], channels: [x]", "14: downtimes[0].channels[0]: there is no"),
        ("namespace: iati", "namespace: gone", "14: downtimes[0].namespace: there is no namespace"),
        ("message", "masage", "16: downtimes[0].masage: is not known here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line_and_changes_nothing(
    apply, session, found, instead, error
):
    (said,) = apply(UPGRADE.replace(found, instead))
    assert said.startswith(error)
    assert session.exec(select(DowntimeOccurrence)).all() == []


def test_two_of_one_title_are_refused(apply):
    assert apply(UPGRADE + UPGRADE) == ["17: downtimes[1]: Database upgrade is there twice"]
