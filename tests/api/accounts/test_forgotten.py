"""A forgotten password, from the form to the mail and the new password."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from tests.api.accounts.test_auth import log_in, post
from tests.api.browsers import EMAIL, add_anna, open_browser
from tests.notifiers.mail_server import Failure, MailServer
from webmon.api.accounts import auth, forgotten
from webmon.clock import utcnow
from webmon.commands.accounts import letters, users
from webmon.commands.accounts.logins import open_session
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.sessions import COOKIE
from webmon.models import Letter, PasswordLink
from webmon.queries.accounts import actor_for_token

pytestmark = pytest.mark.usefixtures("cheap_passwords", "database", "anna")
NEW = "a staple of batteries"
SENT = "/login/?error=sent"


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with open_browser(auth, forgotten) as client:
        yield client


@pytest.fixture
def anna(database: Database, cheap_passwords: None) -> int:
    return add_anna(database)


def stored(database: Database) -> list[Letter]:
    with database.read() as session:
        return list(session.exec(select(Letter)).all())


async def test_without_a_mail_server_it_says_why(
    browser: httpx.AsyncClient, database: Database
) -> None:
    assert "no mail server is set" in (await browser.get("/auth/forgotten")).text
    answer = await browser.post("/auth/forgotten", data={"email": EMAIL})
    assert "no mail server is set" in answer.text and stored(database) == []
    assert "Ask an admin" in forgotten.invitation_html()


async def test_the_link_sets_a_password_once_and_ends_every_session(
    browser: httpx.AsyncClient, database: Database, mail: MailServer, work, anna: int
) -> None:
    with database.write() as session:
        elsewhere = open_session(session, anna, now=utcnow())
    assert "/auth/forgotten" in forgotten.invitation_html()
    assert await post(browser, "/auth/forgotten", email=" ANNA@example.org") == SENT
    await work()
    [letter] = mail.contents
    text = letter["text"]
    assert letter["recipients"] == [EMAIL]
    [address] = re.findall(r"https://status\.example\.org/invite/\?token=\S+", text)
    token = urlsplit(address).query.removeprefix("token=")
    assert token not in repr(stored(database))
    with database.read() as session:
        assert token not in repr(session.exec(select(PasswordLink)).all())
        assert actor_for_token(session, elsewhere, now=utcnow()) is not None
    form = {"token": token, "password": NEW}
    answers = await asyncio.gather(*(browser.post("/auth/invite", data=form) for _ in range(4)))
    places = sorted(each.headers["location"] for each in answers)
    assert places == ["/admin/", *["/invite/?error=token"] * 3]
    with database.read() as session:
        assert actor_for_token(session, elsewhere, now=utcnow()) is None
    browser.cookies.clear()
    assert "wrong" in await log_in(browser)
    assert await log_in(browser, password=NEW) == "/admin/"
    await work()
    assert len(mail.contents) == 1


@pytest.mark.parametrize("email", ["nobody@example.org", "", "nonsense", "x" * 5000, "a\x00b@c.de"])
async def test_an_unknown_address_gets_the_same_answer_and_no_mail(
    browser: httpx.AsyncClient, database: Database, mail: MailServer, work, email: str
) -> None:
    assert await post(browser, "/auth/forgotten", email=email) == SENT
    await work()
    assert mail.contents == [] and stored(database) == []


async def test_what_tells_the_difference_is_done_after_the_answer(
    browser: httpx.AsyncClient, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer has been sent when it is looked up whose the address is."""
    sent: list[str] = []

    async def note(scope, receive, send) -> None:
        async def noting(message) -> None:
            sent.append(message["type"])
            await send(message)

        await app(scope, receive, noting)

    app = FastAPI()
    app.include_router(forgotten.router)
    monkeypatch.setattr(forgotten, "ask_for_link", lambda *_, **__: sent.append("looked up"))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(note), base_url="http://status.example"
    ) as client:
        await client.post("/auth/forgotten", data={"email": EMAIL})
    assert sent == ["http.response.start", "http.response.body", "looked up"]


async def test_one_person_gets_a_few_letters_and_one_address_asks_a_few_times(
    browser: httpx.AsyncClient, database: Database, mail: MailServer
) -> None:
    for _ in range(letters.FREE_PER_ADDRESS + 1):
        assert await post(browser, "/auth/forgotten", email=EMAIL) == SENT
    assert len(stored(database)) == letters.FREE_PER_PERSON + 1
    answer = await browser.post("/auth/forgotten", data={"email": EMAIL})
    assert answer.status_code == 429
    assert await log_in(browser) == "/admin/"  # nobody is locked out by that


async def test_the_link_is_over_after_an_hour(
    browser: httpx.AsyncClient, database: Database, mail: MailServer, work
) -> None:
    await post(browser, "/auth/forgotten", email=EMAIL)
    await work()
    with database.read() as session:
        [link] = session.exec(select(PasswordLink)).all()
    assert timedelta(minutes=59) < link.expires_at - utcnow() <= timedelta(hours=1)


async def test_a_deactivated_or_invited_person_gets_none(
    browser: httpx.AsyncClient, database: Database, mail: MailServer, work, anna: int
) -> None:
    with database.write() as session:
        fields = {"email": "ida@example.org", "role": Role.VIEWER}
        users.invite_user(session, fields, actor=None, now=utcnow())
        user = session.get_one(users.User, anna)
        user.disabled_at = utcnow()
    for email in (EMAIL, "ida@example.org"):
        assert await post(browser, "/auth/forgotten", email=email) == SENT
    await work()
    assert mail.contents == []


async def test_a_letter_that_is_not_taken_is_tried_again(
    browser: httpx.AsyncClient, database: Database, mail: MailServer, work
) -> None:
    mail.will_fail(Failure("MAIL", "451 4.3.0 Try again later"))
    await post(browser, "/auth/forgotten", email=EMAIL)
    await work()
    [letter] = stored(database)
    assert letter.error and letter.ready_at and mail.contents == []
    with database.write() as session:
        session.get_one(Letter, letter.id).ready_at = utcnow()
    await work()
    [letter] = stored(database)
    assert letter.sent_at and not letter.error and len(mail.contents) == 1


async def test_the_form_of_another_site_asks_for_nothing(
    browser: httpx.AsyncClient, database: Database, mail: MailServer
) -> None:
    headers = {"origin": "http://evil.example"}
    await browser.post("/auth/forgotten", data={"email": EMAIL}, headers=headers)
    assert stored(database) == [] and COOKIE not in browser.cookies
