"""Slack: only what is signed, lately, and once; by the account that is linked."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from itertools import count
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlmodel import select

from tests import factories
from tests.api.apps import fresh_app
from tests.clock import HOUR, MINUTE
from webmon import clock, config, db
from webmon.api.slack import router
from webmon.commands.installation.outside_apps import forget_slack_app, save_slack_app
from webmon.commands.slack import links
from webmon.commands.slack.replies import take_replies
from webmon.domain.accounts.access import Role
from webmon.domain.checks.status import Status
from webmon.edge import Edge
from webmon.models import Activity, Downtime, Incident, Mute, Setting, User
from webmon.origin import Way
from workers.pipeline import Pipeline
from workers.slack_replies import post_replies

SECRETS = ("first-app", "second-app")
COMMANDS, CLICKS = "/api/v1/slack/commands", "/api/v1/slack/interactions"
TEAM = "T1"
NUMBERS = count()


class Slack:
    """A workspace of Slack's, with its signatures."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(
        self, path: str, body: bytes, *, secret: str = SECRETS[0], ago: float = 0, **change: str
    ) -> httpx.Response:
        at = str(int(clock.utcnow().timestamp() - ago))
        signed = b"v0:" + at.encode() + b":" + body
        digest = hmac.new(secret.encode(), signed, sha256).hexdigest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": f"v0={digest}",
        } | {name.replace("_", "-"): value for name, value in change.items()}
        return await self.client.post(path, content=body, headers=headers)

    def command(self, text: str, user: str = "U-anna") -> bytes:
        fields = {"command": "/webmon", "text": text, "team_id": TEAM, "user_id": user}
        return urlencode({**fields, "trigger_id": str(next(NUMBERS))}).encode()

    async def says(self, text: str, user: str = "U-anna") -> str:
        answer = await self.post(COMMANDS, self.command(text, user))
        assert answer.status_code == 200
        told = answer.json()
        assert told["response_type"] == "ephemeral" and told["text"]
        return "\n".join(
            block["text"]["text"] for block in told["blocks"] if block["type"] == "section"
        )

    def click(self, action: str, value: Any, user: str = "U-anna") -> bytes:
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": user},
            "response_url": "http://127.0.0.1:1/reply",
            "actions": [{"action_id": action, "value": json.dumps(value)}],
        }
        return urlencode({"payload": json.dumps(payload)}).encode()


@pytest.fixture
async def slack(database: db.Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Slack]:
    """Anna is an editor and linked, Bert may only look, Carl is nobody that we know."""
    monkeypatch.setenv("WEBMON_SLACK_SIGNING_SECRET", ",".join(SECRETS))
    config.settings.cache_clear()
    now = clock.utcnow()
    with database.write() as session:
        space = factories.namespace(session, "iati", timezone="Europe/London")
        host = factories.host(session, "Data store", namespace_id=space.id)
        since = {"since": now - HOUR}
        factories.service(session, "Website", host_id=host.id, status=Status.UP, **since)
        down = factories.service(
            session, "API", host_id=host.id, status=Status.DOWN, message="<refused>", **since
        )
        session.add(Incident(service_id=down.id, opened_at=now - HOUR))
        other = factories.host(session, "Other")
        factories.service(session, "Page", host_id=other.id, status=Status.UP, **since)
        for name, role in (("anna", Role.EDITOR), ("bert", Role.VIEWER)):
            user = factories.user(session, f"{name}@example.org", role)
            code = links.new_code(session, user.id, now=now)
            links.link(session, code, TEAM, f"U-{name}", now=now)
    app = fresh_app()
    transport = httpx.ASGITransport(Edge(app, app))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Slack(client)


def mutes(database: db.Database) -> list[str]:
    with database.read() as session:
        return [each.reason for each in session.exec(select(Mute))]


# Signed, lately, once


@pytest.mark.parametrize("path", [COMMANDS, CLICKS])
@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, 200),
        ({"secret": SECRETS[1]}, 200),
        ({"ago": 240}, 200),
        ({"secret": "other"}, 401),
        ({"ago": 301}, 401),
        ({"ago": -600}, 401),
        ({"X_Slack_Signature": ""}, 401),
        ({"X_Slack_Request_Timestamp": "x"}, 401),
    ],
)
async def test_only_what_slack_has_signed_lately_is_taken(
    slack: Slack, path: str, options: dict[str, Any], status: int
) -> None:
    body = slack.command("help") if path == COMMANDS else slack.click("webmon_mute", {})
    assert (await slack.post(path, body, **options)).status_code == status


async def test_one_changed_byte_is_refused(slack: Slack) -> None:
    body = slack.command("help")
    answer = await slack.post(COMMANDS, body)
    sent = dict(answer.request.headers)
    for place in (0, len(body) // 2, len(body) - 1):
        changed = bytearray(body)
        changed[place] ^= 1
        again = await slack.client.post(COMMANDS, content=bytes(changed), headers=sent)
        assert again.status_code == 401


async def test_without_a_secret_nothing_is_taken(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEBMON_SLACK_SIGNING_SECRET")
    config.settings.cache_clear()
    assert (await slack.post(COMMANDS, slack.command("help"), secret="")).status_code == 401


async def test_each_app_that_is_set_up_in_settings_is_believed_at_once(
    slack: Slack, database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEBMON_SLACK_SIGNING_SECRET")
    config.settings.cache_clear()
    who: dict[str, Any] = {"actor": None, "now": clock.utcnow()}
    with database.write() as session:
        for name in ("iati", "di"):
            save_slack_app(session, {"name": name, "secret": f"secret of {name}"}, **who)

    async def status(secret: str) -> int:
        return (await slack.post(COMMANDS, slack.command("help"), secret=secret)).status_code

    assert [await status(f"secret of {name}") for name in ("iati", "di", "none")] == [200, 200, 401]
    with database.write() as session:
        forget_slack_app(session, "iati", **who)
        assert "secret of" not in repr([row.value for row in session.exec(select(Setting))])
    assert [await status(f"secret of {name}") for name in ("iati", "di")] == [401, 200]


async def test_the_same_delivery_acts_once(slack: Slack, database: db.Database) -> None:
    body = slack.command("mute Data store 1h new disks")
    first = await slack.post(COMMANDS, body)
    assert "is muted until" in first.text
    with database.write() as session:
        session.delete(session.exec(select(Mute)).one())
    again = await slack.client.post(COMMANDS, content=body, headers=dict(first.request.headers))
    assert "done already" in again.text
    assert mutes(database) == []


# What is told


async def test_everybody_in_the_workspace_may_look(slack: Slack) -> None:
    status = await slack.says("status", "U-carl")
    assert "*1 difficulties, 1 up*" in status
    assert "Data store" in status and "API down for 1 h" in status and "&lt;refused&gt;" in status
    assert "Other" not in await slack.says("status iati", "U-carl")
    assert "Website up" in await slack.says("status data STORE", "U-carl")
    assert "there is no namespace or host" in (await slack.says("status nothing")).lower()
    assert "*Data store / API* down for 1 h" in await slack.says("down", "U-carl")
    assert "*Hosts up* 1 of 2" in await slack.says("metrics", "U-carl")
    assert "`plan" in await slack.says("help", "U-carl")
    assert "no command" in await slack.says("dance")


async def test_somebody_limited_to_namespaces_is_told_of_no_other(
    slack: Slack, database: db.Database
) -> None:
    with database.write() as session:
        anna = session.exec(select(User).where(User.email == "anna@example.org")).one()
        anna.limited = True
    assert "nothing is watched" in (await slack.says("status")).lower()
    assert "no host or service" in await slack.says("mute Other 1h")


# What is done


@pytest.mark.parametrize("user", ["U-bert", "U-carl"])
async def test_only_editors_who_are_linked_change_something(
    slack: Slack, database: db.Database, user: str
) -> None:
    for text in (
        "ack Data store/API",
        "mute Data store 1h",
        'plan "x" Data store tomorrow 22:00 for 45m',
        "extend Data store 30m",
        "done Data store",
    ):
        told = await slack.says(text, user)
        assert "editor" in told or "no planned downtime" in told.lower(), told
    assert mutes(database) == []
    await slack.post(CLICKS, slack.click("webmon_mute", {"services": [2]}, user))
    assert mutes(database) == []


async def test_an_incident_is_acknowledged(slack: Slack, database: db.Database) -> None:
    assert "acknowledged Data store/API" in await slack.says("ack data store/api")
    assert "before" in await slack.says("ack Data store")
    assert "no incident is open" in (await slack.says("ack Other")).lower()
    with database.read() as session:
        found = session.exec(select(Incident)).one()
        entry = session.exec(select(Activity)).all()[-1]
    assert found.acknowledged_by == "anna@example.org"
    assert (entry.way, entry.actor) == (Way.SLACK, "anna@example.org")


async def test_downtime_is_planned_after_a_click(slack: Slack, database: db.Database) -> None:
    text = "plan “DB upgrade” Data store tomorrow 22:00 for 45m"
    answer = (await slack.post(COMMANDS, slack.command(text))).json()
    assert "22:00 (Europe/London)" in answer["blocks"][0]["text"]["text"]
    with database.read() as session:
        assert session.exec(select(Downtime)).all() == []
    (confirm,) = answer["blocks"][-1]["elements"]
    value = json.loads(confirm["value"])
    await slack.post(CLICKS, slack.click(confirm["action_id"], value))
    with database.write() as session:
        (planned,) = session.exec(select(Downtime)).all()
        ((_, said),) = take_replies(session, now=clock.utcnow())
    assert (planned.title, planned.duration_seconds) == ("DB upgrade", 2700)
    assert planned.starts_local.endswith("T22:00:00")
    assert planned.created_by == "anna@example.org"
    assert said["text"].startswith("Planned") and said["replace_original"]
    refused = await slack.says('plan "x" Data store tomorow 22:00 for 45m')
    assert "tomorow" in refused or "when" in refused
    too_long = slack.command(f'plan "{"x" * 101}" Data store today 22:00 for 45m')
    answer = (await slack.post(COMMANDS, too_long)).json()
    assert "at most 100" in answer["text"]
    assert answer["blocks"][-1]["type"] != "actions", "nothing to confirm"
    with database.read() as session:
        assert len(session.exec(select(Downtime)).all()) == 1


async def test_a_running_downtime_is_extended_and_ended(
    slack: Slack, database: db.Database
) -> None:
    answer = (await slack.post(COMMANDS, slack.command('plan "Now" Data store now for 30m'))).json()
    (confirm,) = answer["blocks"][-1]["elements"]
    await slack.post(CLICKS, slack.click(confirm["action_id"], json.loads(confirm["value"])))
    assert "lasts until" in await slack.says("extend Data store 30m")
    assert "is over" in await slack.says("done Data store")
    assert "no planned downtime" in (await slack.says("done Data store")).lower()


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("webmon_acknowledge", "You have acknowledged"),
        ("webmon_mute", "is muted until"),
        ("webmon_plan", "/webmon plan"),
    ],
)
async def test_a_button_is_answered_by_the_worker(
    slack: Slack, database: db.Database, action: str, said: str
) -> None:
    got: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        got.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1") as server:
        port = str(server.sockets[0].getsockname()[1]).encode()
        body = slack.click(action, {"services": [2]}).replace(
            b"%3A1%2Freply", b"%3A" + port + b"%2F"
        )
        answer = await slack.post(CLICKS, body)
        assert (answer.status_code, answer.content) == (200, b"")
        pipeline = Pipeline(database, "w1", concurrency=1, threads=1)
        await post_replies(pipeline)
        await post_replies(pipeline)
        await pipeline.stop(0)
    (reply,) = map(json.loads, got)
    assert said in json.dumps(reply, ensure_ascii=False)
    assert reply["response_type"] == "ephemeral"


async def test_clicks_that_make_no_sense_do_nothing(slack: Slack, database: db.Database) -> None:
    for payload in ("", "[]", "{", '{"type": "view_submission"}', '{"actions": [1]}'):
        answer = await slack.post(CLICKS, urlencode({"payload": payload}).encode())
        assert answer.status_code in (200, 400)
    for value in ({}, {"services": "x"}, {"services": [None, -1, "2"]}, {"services": [2**70]}):
        assert (await slack.post(CLICKS, slack.click("webmon_mute", value))).status_code == 200
    for value in ({}, {"host": 1, "service": None, "title": "x", "starts_at": "no", "seconds": 1}):
        click = slack.click("webmon_confirm_plan", value)
        assert (await slack.post(CLICKS, click)).status_code == 200
    assert mutes(database) == []


# Linking


async def test_a_code_links_once(slack: Slack, database: db.Database) -> None:
    now = clock.utcnow()
    with database.write() as session:
        user = session.exec(select(User).where(User.email == "anna@example.org")).one()
        old = links.new_code(session, user.id, now=now - 16 * MINUTE)
    assert "older than" in await slack.says(f"link {old}", "U-new")
    with database.write() as session:
        code = links.new_code(session, user.id, now=now)
    assert "linked to anna@example.org" in await slack.says(f"link {code.lower()}", "U-new")
    assert "was used" in await slack.says(f"link {code}", "U-other")
    assert "is muted" in await slack.says("mute Other 1h", "U-new")


async def test_an_account_that_is_deactivated_is_told_nothing(
    slack: Slack, database: db.Database
) -> None:
    assert "Data store" in await slack.says("status")
    with database.write() as session:
        session.exec(select(User)).first().disabled_at = clock.utcnow()
    assert "Data store" not in await slack.says("status")
    assert "Data store" not in await slack.says("down")
    assert "Data store" in await slack.says("status", "U-nobody")


async def test_who_is_deactivated_changes_nothing(slack: Slack, database: db.Database) -> None:
    with database.write() as session:
        session.exec(select(User)).first().disabled_at = clock.utcnow()
    assert "Link yourself" in await slack.says("mute Data store 1h")


async def test_slack_is_answered_in_time(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "ANSWER_SECONDS", 0.0)
    assert "too long" in await slack.says("status")


def test_a_delivery_is_forgotten_when_its_signature_no_longer_holds(
    database: db.Database,
) -> None:
    now = clock.utcnow()
    with database.write() as session:
        assert links.is_new(session, "v0=a", now=now)
        assert not links.is_new(session, "v0=a", now=now + timedelta(seconds=1))
        assert links.is_new(session, "v0=a", now=now + links.REMEMBERED + MINUTE)
