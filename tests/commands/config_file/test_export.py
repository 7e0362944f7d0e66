"""`webmon export`: the file of what is configured; applied again, it changes nothing."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, delete, select

from tests import factories
from tests.clock import NOW
from tests.examples import up_to
from tests.notifiers.test_registry import SMALLEST as CHANNELS
from tests.probes.test_registry import SMALLEST as SERVICES
from webmon import crypto
from webmon.commands.config_file.apply import apply_file
from webmon.commands.config_file.export import export
from webmon.commands.inventory.hosts import create_host
from webmon.commands.inventory.services import create_service
from webmon.commands.notifications.channels import create_channel
from webmon.domain.names import INVISIBLE
from webmon.domain.notifications.news import CHOOSABLE
from webmon.errors import FileError
from webmon.models import Channel, Host, Namespace, Service
from webmon.notifiers import NOTIFIERS
from webmon.probes import PROBES
from webmon.probes.ssh_access import SshAccess

WHO: dict[str, Any] = {"actor": None, "now": NOW}
HOOK = "https://hooks.slack.com/services/T0/B0/hidden"


@pytest.fixture
def filled(session: Session) -> Session:
    """An installation with one of everything that has secrets."""
    namespace = factories.namespace(session)
    host = create_host(
        session,
        {
            "name": "Datastore",
            "namespace_id": namespace.id,
            "address": "data.example.org",
            "tags": ["db", "web"],
            "ssh": {"user": "webmon", "password": "hidden ssh"},
        },
        **WHO,
    )
    for fields in (
        {
            "name": "Website",
            "kind": "http",
            "degraded_above_ms": 1500,
            "config": {
                "url": "https://example.org/",
                "contains": "${env:HOME}",
                "basic_auth": "ann:hidden ${env:X}",
                "headers": {"X-Key": "hidden header", "Accept": "text/html"},
            },
        },
        {"name": "Import", "kind": "heartbeat", "config": {"schedule": "0 2 * * *"}},
    ):
        create_service(session, host.id, fields, **WHO)
    slack = {"name": "ops", "kind": "slack", "config": {"webhook_url": HOOK}}
    create_channel(session, slack, **WHO)
    create_channel(
        session,
        {
            "name": "iati-hook",
            "kind": "webhook",
            "namespace_id": namespace.id,
            "events": ["incident_update", "up", "down"],
            "reminder_every_seconds": 90,
            "enabled": False,
            "config": {"url": "https://example.org/hidden", "secret": "hidden"},
        },
        **WHO,
    )
    return session


def applied(session: Session, folder: Path, text: str, *, prune: bool = False) -> list[str]:
    file = folder / "exported.yaml"
    file.write_text(text, "utf-8")
    try:
        return apply_file(session, file, prune=prune, now=NOW).lines
    except FileError as error:
        return [str(error).removeprefix(f"{file}:")]


def empty(session: Session) -> None:
    for table in (Service, Host, Namespace):
        session.exec(delete(table))
    session.exec(delete(Channel).where(~Channel.built_in))
    session.expire_all()


def test_without_secrets_it_says_how_to_fill_them_in(filled):
    text = export(filled, with_secrets=False)
    assert text.startswith("# Secrets are not in this file.")
    assert "hidden" not in text
    assert text.count(": ${stored}\n") == 7
    assert "interval" not in text[text.index("Import") :], "nobody looks at a heartbeat"


def test_what_is_as_always_is_not_said(filled):
    text = export(filled, with_secrets=False)
    assert (
        "- name: iati-hook\n  kind: webhook\n  namespace: iati\n"
        "  events: [down, up, incident_update]\n"
        "  reminder_every: 90s\n  enabled: false\n  config:\n" in text
    )
    assert "- name: ops\n  kind: slack\n  config:\n    webhook_url: ${stored}\n" in text
    assert "degraded_above: 1500ms\n" in text
    assert "failures_to_down" not in text


@pytest.mark.parametrize("with_secrets", [True, False])
def test_applied_again_it_changes_nothing(filled, tmp_path, with_secrets):
    before = [row.model_dump() for row in filled.exec(select(Service))]
    text = export(filled, with_secrets=with_secrets)
    assert applied(filled, tmp_path, text, prune=True) == []
    assert [row.model_dump() for row in filled.exec(select(Service))] == before
    assert export(filled, with_secrets=with_secrets) == text


def test_with_secrets_it_sets_up_another_installation(filled, tmp_path):
    text = export(filled, with_secrets=True)
    empty(filled)
    lines = applied(filled, tmp_path, text)
    assert lines == [
        "+ namespace iati",
        "+ channel ops",
        "+ channel iati-hook",
        "+ host Datastore (iati)",
        "+ service Datastore / Website",
        "+ service Datastore / Import",
    ]
    assert export(filled, with_secrets=True) == text
    website = filled.exec(select(Service).where(Service.name == "Website")).one()
    assert crypto.unseal(website.config)["basic_auth"] == "ann:hidden ${env:X}"


def test_without_secrets_it_names_all_that_another_installation_needs(filled, tmp_path):
    text = export(filled, with_secrets=False)
    empty(filled)
    [error] = applied(filled, tmp_path, text)
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line.endswith(": ${stored}")]
    assert error == (
        f"{lines[0]}: channels[1].config.webhook_url: is not stored here: write the value, "
        f"${{env:NAME}} or ${{file:PATH}} (likewise in line {', '.join(map(str, lines[1:]))})"
    )
    assert filled.exec(select(Namespace)).all() == []


def test_what_changes_beside_a_secret_leaves_it_stored(filled, tmp_path):
    text = export(filled, with_secrets=False)
    changed = text.replace("text/html", "x").replace("contains: $${env:HOME}", "contains: other")
    changed = changed.replace("name: ops\n", "name: ops\n  events: [down]\n")
    assert applied(filled, tmp_path, changed) == [
        "~ channel ops: events [down, up, reminder, downtime] → [down]",
        "~ service Datastore / Website: config.contains ${env:HOME} → other",
    ]
    website = filled.exec(select(Service).where(Service.name == "Website")).one()
    assert crypto.unseal(website.config)["headers"]["X-Key"] == "hidden header"
    ops = filled.exec(select(Channel).where(Channel.name == "ops")).one()
    assert crypto.unseal(ops.config) == {"webhook_url": HOOK}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: slack", "kind: webhook"),
        ("name: ops", "name: other"),
        ("name: iati-hook", "name: x"),
    ],
)
def test_no_value_is_taken_from_something_else(filled, tmp_path, old, new):
    text = export(filled, with_secrets=False).replace(old, new)
    [error] = applied(filled, tmp_path, text)
    assert ".config." in error
    assert "is not stored here" in error


def test_the_channel_of_the_administrators_is_part_of_it(filled, tmp_path):
    text = export(filled, with_secrets=False)
    assert "- name: Administrators\n  kind: email\n" in text
    rarely = text.replace("kind: email\n", "kind: email\n  reminder_every: 1d\n")
    assert applied(filled, tmp_path, rarely) == ["~ channel Administrators: reminder_every 4h → 1d"]
    assert "  reminder_every: 1d\n" in export(filled, with_secrets=False)
    assert applied(filled, tmp_path, "", prune=True)[-1] == "- namespace iati"
    assert [row.name for row in filled.exec(select(Channel))] == ["Administrators"]


@pytest.mark.parametrize("kind", PROBES)
def test_every_kind_of_service_is_the_same_afterwards(session, tmp_path, kind):
    host = factories.host(session, ssh=crypto.seal(SshAccess(user="webmon", password="x")))
    create_service(
        session, host.id, {"name": "It", "kind": kind, "config": SERVICES.get(kind, {})}, **WHO
    )
    for with_secrets in (True, False):
        text = export(session, with_secrets=with_secrets)
        assert applied(session, tmp_path, text, prune=True) == []


@pytest.mark.parametrize("kind", NOTIFIERS)
def test_every_kind_of_channel_is_the_same_afterwards(session, tmp_path, kind):
    fields = {"name": "It", "kind": kind, "config": CHANNELS.get(kind, {})}
    create_channel(session, fields, **WHO)
    for with_secrets in (True, False):
        text = export(session, with_secrets=with_secrets)
        assert applied(session, tmp_path, text, prune=True) == []


text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
) | st.sampled_from(["${env:HOME}", "$${", "${stored}", "yes", "2026-01-01", "a\n b\n", "0x1f"])
seen = st.characters(categories=["L", "N", "P", "S"], exclude_characters=INVISIBLE)
names = st.text(seen, min_size=1, max_size=30) | st.sampled_from(
    ["${env:HOME}", "$${", "${stored}", "yes", "2026-01-01", "a b", " a ", "0x1f", "- a: #b"]
)
SERVICE = st.fixed_dictionaries(
    {
        "name": names,
        "kind": st.just("http"),
        "interval_seconds": st.integers(1, 7 * 86400),
        "timeout_seconds": st.floats(0.1, 120),
        "retry_seconds": st.integers(1, 3600),
        "degraded_above_ms": st.none() | st.integers(1, 120_000),
        "failures_to_down": st.integers(1, 20),
        "critical": st.booleans(),
        "public": st.booleans(),
        "paused": st.booleans(),
        "config": st.fixed_dictionaries(
            {
                "url": st.just("https://example.org/"),
                "body": text,
                "method": st.just("POST"),
                "json_path": st.just("a"),
            },
            optional={
                "contains": text,
                "conditions": st.just(["body lacks ${env:HOME}, 'x'", "json $['b: #c'] == 1"]),
                "json_equals": text | st.booleans() | st.integers(),
            },
        ),
    }
)
CHANNEL = st.fixed_dictionaries(
    {
        "name": names,
        "kind": st.just("webhook"),
        "events": st.lists(st.sampled_from(CHOOSABLE), min_size=1).map(
            lambda all: [*map(str, all)]
        ),
        "reminder_every_seconds": st.integers(10, 30 * 86400),
        "enabled": st.booleans(),
        "config": st.fixed_dictionaries(
            {"url": st.just("https://example.org/"), "secret": text.filter(str.strip)}
        ),
    }
)


@given(SERVICE, CHANNEL, st.booleans())
@settings(
    max_examples=up_to(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_all_that_is_configured_is_the_same_afterwards(
    session, tmp_path, service, channel, with_secrets
):
    with session.begin_nested() as example:
        host = factories.host(session)
        create_service(session, host.id, service, **WHO)
        create_channel(session, channel, **WHO)
        file = export(session, with_secrets=with_secrets)
        assert applied(session, tmp_path, file, prune=True) == []
        example.rollback()
