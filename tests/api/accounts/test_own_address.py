"""Mail to people: invitations, and another address of one's own, from the form to the mail."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from tests import factories
from tests.api.accounts.test_auth import log_in, post
from tests.api.browsers import EMAIL, add_anna, open_browser
from tests.clock import NOW
from tests.notifiers.mail_server import Failure, MailServer
from webmon.api.accounts import auth, own_address
from webmon.clock import utcnow
from webmon.commands.accounts import letters, password_links, users
from webmon.db import Database
from webmon.domain.accounts.access import Actor, Role
from webmon.domain.accounts.sessions import COOKIE
from webmon.errors import ConfirmationNeeded, Invalid
from webmon.models import Activity, AddressChange, Letter, LoginSession, PasswordLink, User
from webmon.queries.accounts import list_users

pytestmark = pytest.mark.usefixtures("cheap_passwords", "database", "anna")
NEW = "anna@new.example"
PROFILE = "/admin/profile/"
LINK = r"https://status\.example\.org/{}\?token=(\S+)"


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with open_browser(auth, own_address) as client:
        yield client


@pytest.fixture
def anna(database: Database, cheap_passwords: None) -> int:
    return add_anna(database)


def address(database: Database, user_id: int) -> str:
    with database.read() as session:
        return session.get_one(User, user_id).email


def token_in(letter: dict[str, object], path: str) -> str:
    [token] = re.findall(LINK.format(path), str(letter["text"]))
    return str(token)


async def ask(browser: httpx.AsyncClient, email: str) -> str:
    return await post(browser, "/auth/email", email=email)


async def test_another_address_counts_once_its_link_is_confirmed(
    browser: httpx.AsyncClient, database: Database, anna: int, mail: MailServer, work
) -> None:
    await log_in(browser)
    assert await ask(browser, f" {NEW.upper()} ") == f"{PROFILE}?done=email_asked"
    await work()
    [letter] = mail.contents
    token = token_in(letter, "auth/email")
    assert letter["recipients"] == [NEW] and EMAIL in letter["text"]
    assert address(database, anna) == EMAIL
    with database.read() as session:
        kept = (session.exec(select(AddressChange)).all(), session.exec(select(Letter)).all())
    assert token not in repr(kept)
    page = await browser.get(f"/auth/email?token={token}")
    assert NEW in page.text and address(database, anna) == EMAIL  # opening changes nothing
    again = {"token": token}
    answers = await asyncio.gather(
        *(browser.post("/auth/email/confirm", data=again) for _ in range(3))
    )
    assert sorted(each.status_code for each in answers) == [303, 404, 404]
    assert address(database, anna) == NEW
    await work()
    told = mail.contents[-1]
    assert told["recipients"] == [EMAIL] and NEW in told["text"] and "token" not in told["text"]
    assert (await browser.get(f"/auth/email?token={token}")).status_code == 404
    browser.cookies.clear()
    assert "wrong" in await log_in(browser)
    assert await log_in(browser, email=NEW) == "/admin/"
    with database.read() as session:
        entries = session.exec(select(Activity).where(Activity.verb == "changed"))
        [entry] = [each for each in entries if "email" in each.changes]
    assert entry.changes["email"] == [EMAIL, NEW] and entry.actor == EMAIL


async def test_without_a_mail_server_it_counts_at_once(
    browser: httpx.AsyncClient, database: Database, anna: int
) -> None:
    assert await ask(browser, NEW) == "/login/"
    with database.write() as session:
        factories.user(session, "ben@example.org")
    await log_in(browser)
    assert await ask(browser, "ben@example.org") == f"{PROFILE}?error=email_taken"
    for wrong in ("", "nonsense", EMAIL, "x" * 5000, "a\x00b@c.de"):
        assert await ask(browser, wrong) == f"{PROFILE}?error=email"
    assert address(database, anna) == EMAIL
    assert await ask(browser, NEW) == f"{PROFILE}?done=email"
    assert address(database, anna) == NEW
    with database.write() as session:
        for each in session.exec(select(LoginSession)):
            each.created_at = NOW
    assert await ask(browser, EMAIL) == f"{PROFILE}?error=confirm"


async def test_an_address_of_another_is_found_out_by_nobody_and_taken_by_nobody(
    browser: httpx.AsyncClient, database: Database, anna: int, mail: MailServer, work
) -> None:
    with database.write() as session:
        factories.user(session, NEW)
    await log_in(browser)
    assert await ask(browser, NEW) == f"{PROFILE}?done=email_asked"
    await work()
    form = {"token": token_in(mail.contents[0], "auth/email")}
    assert (await browser.post("/auth/email/confirm", data=form)).status_code == 409
    assert address(database, anna) == EMAIL
    assert await ask(browser, "c@example.org") == f"{PROFILE}?done=email_asked"
    assert await post(browser, "/auth/email/keep") == f"{PROFILE}?done=email_kept"
    await work()
    assert len(mail.contents) == 1
    with database.read() as session:
        assert session.exec(select(AddressChange)).all() == []
    headers = {"origin": "http://evil.example"}
    await browser.post("/auth/email", data={"email": NEW}, headers=headers)
    assert address(database, anna) == EMAIL and COOKIE in browser.cookies
    for _ in range(5):
        last = await ask(browser, "d@example.org")
    assert last == f"{PROFILE}?error=throttled"


def invite(database: Database, email: str = "ida@example.org") -> int:
    with database.write() as session:
        fields = {"email": email, "role": "viewer"}
        user_id = users.invite_user(session, fields, actor=None, now=utcnow()).id
        letters.send_invitation(session, user_id, actor=None, now=utcnow())
    return user_id


def told(database: Database, user_id: int) -> tuple[str, str]:
    with database.read() as session:
        [found] = [each for each in list_users(session, now=utcnow()) if each.id == user_id]
    return found.state, found.mail


async def test_an_invitation_is_mailed_sent_again_and_withdrawn(
    database: Database, mail: MailServer, work
) -> None:
    ida = invite(database)
    assert told(database, ida) == ("expired", "the mail is on its way")
    mail.will_fail(Failure("MAIL", "451 4.3.0 Try again later"))
    await work()
    assert "is tried again" in told(database, ida)[1]
    with database.write() as session:
        letters.send_invitation(session, ida, actor=None, now=utcnow())
    await work()
    [first] = mail.contents
    assert first["recipients"] == ["ida@example.org"]
    assert told(database, ida) == ("invited", "the mail was sent")
    with database.write() as session:
        letters.send_invitation(session, ida, actor=None, now=utcnow())
        assert session.exec(select(PasswordLink)).all() == []  # the link of before has ended
    await work()
    old, new = (token_in(each, "invite/") for each in mail.contents)
    with database.write() as session:
        assert password_links.link_owner(session, old, now=utcnow()) is None
        assert password_links.link_owner(session, new, now=utcnow()) == "ida@example.org"
        assert new not in repr(session.exec(select(PasswordLink)).all())
        letters.send_invitation(session, ida, actor=None, now=utcnow())
        password_links.withdraw_link(session, ida, actor=None, now=utcnow())
    await work()
    assert len(mail.contents) == 2 and told(database, ida)[0] == "expired"


async def test_the_link_goes_with_the_address_that_it_was_mailed_to(
    database: Database, mail: MailServer, work
) -> None:
    ida = invite(database)
    await work()
    fields = {"email": "ida@right.example", "role": "viewer"}
    with database.write() as session:
        users.update_user(session, ida, fields, actor=None, now=utcnow())
        token = token_in(mail.contents[0], "invite/")
        assert password_links.link_owner(session, token, now=utcnow()) is None


def test_an_invitation_needs_a_mail_server_and_somebody_who_waits(
    database: Database, anna: int
) -> None:
    with pytest.raises(Invalid, match="no mail server"):
        invite(database)


def test_an_invitation_asks_again_who_sends_it(database: Database, anna: int) -> None:
    actor = Actor(anna, EMAIL, Role.ADMIN, confirmed_at=NOW)
    with database.write() as session, pytest.raises(ConfirmationNeeded):
        letters.send_invitation(session, anna, actor=actor, now=NOW + timedelta(minutes=11))


def test_nobody_with_a_password_is_invited(database: Database, anna: int, mail: MailServer) -> None:
    with database.write() as session, pytest.raises(Invalid, match="does not wait"):
        letters.send_invitation(session, anna, actor=None, now=utcnow())
