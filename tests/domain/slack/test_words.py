"""Commands as people write them."""

import hmac
from hashlib import sha256

import pytest

from webmon.domain.slack.signatures import is_signed
from webmon.domain.slack.words import Command, Name, read_command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", Command(Name.HELP)),
        ("STATUS", Command(Name.STATUS)),
        ("status Data store", Command(Name.STATUS, "Data store")),
        ("down", Command(Name.DOWN)),
        ("ack Data store/Web page", Command(Name.ACK, "Data store/Web page")),
        ("ack “Data store/API”", Command(Name.ACK, "Data store/API")),
        (
            "mute Data store/API 2h new disks",
            Command(Name.MUTE, "Data store/API", length="2h", reason="new disks"),
        ),
        ("mute X 1h30m", Command(Name.MUTE, "X", length="1h30m")),
        (
            "plan “DB upgrade” Data store tomorrow 22:00 for 45m",
            Command(Name.PLAN, "Data store", "DB upgrade", "tomorrow 22:00", "45m"),
        ),
        ('plan "x" Host 7 14:00 for 1h', Command(Name.PLAN, "Host 7", "x", "14:00", "1h")),
        ("extend Data store 30m", Command(Name.EXTEND, "Data store", length="30m")),
        ("extend 30m", Command(Name.EXTEND, "", length="30m")),
        ("done Data store", Command(Name.DONE, "Data store")),
        ("link 1234-5678", Command(Name.LINK, code="1234-5678")),
    ],
)
def test_a_command_is_read(text: str, command: Command) -> None:
    assert read_command(text) == command


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dance", "no command"),
        ("ack", "missing"),
        ("mute Datastore", "how long"),
        ("mute Datastore 2hours", "length"),
        ("plan upgrade Datastore tomorrow 22:00 for 45m", "quotes"),
        ('plan "x" Datastore tomorow 22:00 for', "when"),
        ('plan "x" Datastore tomorrow 22:00 for 45', "length"),
        ("link", "missing"),
        ("extend Datastore", "length"),
    ],
)
def test_what_is_not_understood_is_said(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_command(text)


@pytest.mark.parametrize(("age", "taken"), [(0, True), (300, True), (301, False), (-301, False)])
def test_a_signature_holds_for_five_minutes(age: int, taken: bool) -> None:
    digest = hmac.new(b"secret", b"v0:1000000:body", sha256).hexdigest()
    given = ("1000000", f"v0={digest}", ["other", "secret"])
    assert is_signed(b"body", *given, now=1_000_000 + age) is taken
    assert not is_signed(b"Body", *given, now=1_000_000)
