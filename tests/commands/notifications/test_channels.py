"""Channels: who may change them, what they may be like, and the one that is always there."""

from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories
from tests.clock import HOUR, NOW
from webmon import crypto
from webmon.commands.notifications import channels
from webmon.commands.validation import KEEP
from webmon.domain.accounts.access import Actor, Role
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Channel, ChannelState, Notification

WHO: dict[str, Any] = {"actor": None, "now": NOW}
HOOK = "https://hooks.slack.com/services/T0/B0/hidden"
SLACK = {"name": "ops", "kind": "slack", "config": {"webhook_url": HOOK}}


def actor(role: Role = Role.ADMIN, *namespace_ids: int) -> Actor:
    return Actor(1, "a@example.org", role, frozenset(namespace_ids) or None)


@pytest.fixture
def slack(session: Session) -> Channel:
    return channels.create_channel(session, SLACK, **WHO)


@pytest.fixture
def administrators(session: Session) -> Channel:
    return session.exec(select(Channel).where(Channel.built_in)).one()


def stopped(session: Session, channel: Channel) -> ChannelState:
    state = ChannelState(
        channel_id=channel.id, failures=3, next_try_at=NOW + HOUR, stopped_at=NOW, last_error="no"
    )
    session.add(state)
    session.flush()
    return state


def test_a_channel_has_sensible_defaults_and_its_secrets_are_encrypted(slack):
    assert slack.events == ["down", "up", "reminder", "downtime"]
    assert (slack.reminder_every_seconds, slack.enabled) == (4 * 3600, True)
    assert (slack.namespace_id, slack.built_in) == (None, False)
    assert "hidden" not in str(slack.config)
    assert crypto.unseal(slack.config) == {"webhook_url": HOOK}


def test_events_are_stored_in_one_order_and_once(session, slack):
    wanted = {**SLACK, "events": ["degraded", "up", "down", "up"]}
    channels.update_channel(session, slack.id, wanted, **WHO)
    assert slack.events == ["down", "up", "degraded"]


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"name": " "}, "name", "must not be empty"),
        ({"kind": "pigeon"}, "kind", "there is no kind pigeon; known are"),
        ({"events": []}, "events", "choose at least one"),
        ({"events": ["down", "dawn"]}, "events", "there is no event dawn; known are down, up"),
        ({"events": ["test"]}, "events", "there is no event test"),
        ({"reminder_every_seconds": 9}, "reminder_every_seconds", "between 10 s and 30 d"),
        ({"reminder_every_seconds": 2_592_001}, "reminder_every_seconds", "between 10 s and"),
        ({"namespace_id": 77}, "namespace_id", "does not exist"),
        ({"config": {}}, "config.webhook_url", "is required"),
        ({"kind": "email", "config": {}}, "config.to", "is required"),
        ({"config": {"webhook_url": "x"}}, "config.webhook_url", "must be an http"),
        ({"config": {"webhook_url": HOOK, "x": 1}}, "config.x", "is not known here"),
        ({"name": "Administrators"}, "name", "there is a channel Administrators already"),
        ({"built_in": True}, "built_in", "is not known here"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_changed(session, slack, fields, field, message):
    for command in (channels.create_channel, channels.update_channel):
        arguments = [slack.id] if command is channels.update_channel else []
        with pytest.raises(Invalid, match=message) as refused:
            command(session, *arguments, {**SLACK, "name": "new", **fields}, **WHO)
        assert refused.value.field == field
    assert len(session.exec(select(Channel)).all()) == 2
    assert slack.name == "ops"


def test_a_name_that_others_have_is_refused_without_saying_so(session):
    ours, theirs = (factories.namespace(session, slug=slug).id for slug in ("ours", "theirs"))
    for name, namespace_id in (("mine", ours), ("secret", theirs), ("all", None)):
        fields = {**SLACK, "name": name, "namespace_id": namespace_id}
        channels.create_channel(session, fields, **WHO)
    limited = {"actor": actor(Role.ADMIN, ours), "now": NOW}
    mine = session.exec(select(Channel).where(Channel.name == "mine")).one()
    for name, message in (
        ("secret", "this name cannot be used here: choose another one"),
        ("all", "there is a channel all already"),
    ):
        fields = {**SLACK, "name": name, "namespace_id": ours}
        with pytest.raises(Invalid, match=message):
            channels.create_channel(session, fields, **limited)
        with pytest.raises(Invalid, match=message):
            channels.update_channel(session, mine.id, fields, **limited)


def test_a_secret_that_is_not_typed_again_stays(session, slack):
    kept = {**SLACK, "name": "chat", "config": {"webhook_url": KEEP}}
    channels.update_channel(session, slack.id, kept, **WHO)
    assert slack.name == "chat"
    assert crypto.unseal(slack.config) == {"webhook_url": HOOK}
    with pytest.raises(Invalid, match=r"config.url: is required"):
        other = {**SLACK, "kind": "webhook", "config": {"url": KEEP}}
        channels.update_channel(session, slack.id, other, **WHO)


def test_another_config_is_tried_at_once_and_another_name_is_not(session, slack):
    state = stopped(session, slack)
    same = {**SLACK, "name": "chat", "config": {"webhook_url": KEEP}}
    channels.update_channel(session, slack.id, same, **WHO)
    session.refresh(state)
    assert (state.stopped_at, state.next_try_at) == (NOW, NOW + HOUR)
    other = {**SLACK, "config": {"webhook_url": HOOK + "2"}}
    channels.update_channel(session, slack.id, other, **WHO)
    session.refresh(state)
    assert (state.stopped_at, state.next_try_at, state.failures) == (None, None, 0)


def test_reminders_to_come_follow_the_new_interval(session, slack):
    told = Notification(
        channel_id=slack.id,
        cause="incident:1",
        event="down",
        payload={},
        created_at=NOW,
        sent_at=NOW,
        delivery="sent",
        is_open=True,
        remind_at=NOW + 4 * HOUR,
    )
    session.add(told)
    session.flush()
    for fields, expected in (
        ({"reminder_every_seconds": 3600}, NOW + HOUR),
        ({"events": ["down", "up"]}, None),
        ({}, NOW + 4 * HOUR),
    ):
        channels.update_channel(session, slack.id, {**SLACK, **fields}, **WHO)
        assert told.remind_at == expected


def test_switched_on_again_it_is_tried_at_once(session, slack):
    state = stopped(session, slack)
    channels.switch_channel(session, slack.id, False, **WHO)
    session.refresh(state)
    assert (slack.enabled, state.stopped_at) == (False, NOW)
    channels.switch_channel(session, slack.id, True, **WHO)
    session.refresh(state)
    assert (slack.enabled, state.stopped_at) == (True, None)


def test_a_channel_that_has_stopped_can_be_tried_again(session, slack):
    state = stopped(session, slack)
    channels.try_channel_again(session, slack.id, **WHO)
    session.refresh(state)
    assert (state.stopped_at, state.next_try_at, state.last_error) == (None, None, "no")


def test_a_channel_is_deleted(session, slack):
    stopped(session, slack)
    channels.delete_channel(session, slack.id, **WHO)
    with pytest.raises(NotFound):
        channels.delete_channel(session, slack.id, **WHO)


@pytest.mark.parametrize("row_id", [0, -1, 2**40, "1", None])
def test_an_id_that_is_none_is_said(session, row_id):
    with pytest.raises(NotFound):
        channels.switch_channel(session, row_id, True, **WHO)


def test_only_admins_change_channels_and_only_within_their_namespaces(session, slack):
    mine, other = factories.namespace(session, "mine"), factories.namespace(session, "other")
    local = {**SLACK, "name": "local", "namespace_id": mine.id}
    for who in (actor(Role.EDITOR), actor(Role.VIEWER), actor(Role.ADMIN, other.id)):
        with pytest.raises(PermissionDenied):
            channels.create_channel(session, local, actor=who, now=NOW)
    limited = actor(Role.ADMIN, mine.id)
    row = channels.create_channel(session, local, actor=limited, now=NOW)
    for fields in (SLACK | {"name": "wide"}, {**local, "namespace_id": other.id}):
        with pytest.raises(PermissionDenied):
            channels.update_channel(session, row.id, fields, actor=limited, now=NOW)
    with pytest.raises(PermissionDenied, match="all namespaces"):
        channels.delete_channel(session, slack.id, actor=limited, now=NOW)
    channels.delete_channel(session, row.id, actor=limited, now=NOW)


def test_the_channel_of_the_administrators_is_always_there(session, administrators):
    with pytest.raises(Invalid, match="cannot be deleted"):
        channels.delete_channel(session, administrators.id, **WHO)
    with pytest.raises(Invalid, match="cannot be switched off"):
        channels.switch_channel(session, administrators.id, False, **WHO)


def test_of_the_administrators_channel_only_events_and_reminders_are_chosen(
    session, administrators
):
    fields = {"name": "Administrators", "kind": "email"}
    wanted = {"events": ["degraded", "down"], "reminder_every_seconds": 3600}
    channels.update_channel(session, administrators.id, wanted, **WHO)
    assert administrators.events == ["down", "degraded"]
    assert administrators.reminder_every_seconds == 3600
    for wrong, field in (
        ({"enabled": False}, "enabled"),
        ({"namespace_id": factories.namespace(session).id}, "namespace_id"),
        ({"name": "We"}, "name"),
        ({"kind": "slack"}, "kind"),
        ({"config": {"to": ["a@example.org"]}}, "config"),
        ({"events": ["up"]}, "events"),
    ):
        with pytest.raises(Invalid) as refused:
            channels.update_channel(session, administrators.id, {**fields, **wrong}, **WHO)
        assert refused.value.field == field
