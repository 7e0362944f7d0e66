"""The public site as visitors meet it: the built pages behind the edge, in a real browser."""

import re
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlmodel import Session, col, select, update

from tests import factories
from tests.browser import launch
from webmon import clock, db, frontend
from webmon.api.app import public_app
from webmon.api.public import kept_snapshots
from webmon.domain.checks.status import Status
from webmon.edge import Edge
from webmon.models import Namespace, ServiceState

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


SET_HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, launch(playwright) as browser:
        yield browser


@pytest.fixture
def site(database: db.Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the public site, which shows three hosts in two namespaces."""
    monkeypatch.setattr(kept_snapshots, "FRESH", timedelta(0))
    frontend.build(sites=["public"])
    with database.write() as session:
        iati, di = (factories.namespace(session, slug).id for slug in ("iati", "di"))
        _watch(session, iati, "Datastore", {"Website": Status.UP, "Shell": Status.UP})
        _watch(session, di, "Data hub", {"Website": Status.UP})
        _watch(session, di, "Tracker", {"<Web> & site": Status.DEGRADED})

    async def no_admin(*_: object) -> None:
        raise AssertionError("the public site needs nothing of the admin app")

    server = uvicorn.Server(
        uvicorn.Config(Edge(no_admin, public_app()), port=0, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def _watch(session: Session, namespace_id: int, name: str, services: dict[str, Status]) -> None:
    host = factories.host(session, name, namespace_id=namespace_id)
    for service, status in services.items():
        factories.service(session, service, host_id=host.id, status=status)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose clock stands still until a test moves it; a word on its console fails."""
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    page.on("websocket", lambda socket: said.append(f"opened {socket.url}"))
    page.clock.install()
    yield page
    context.close()
    assert [text for text in said if "Failed to load resource" not in text] == []


@pytest.fixture
def plain(browser: Browser) -> Iterator[BrowserContext]:
    """A browser with JavaScript off."""
    with browser.new_context(java_script_enabled=False) as context:
        yield context


RECENT = re.compile(r"Updated .* · (just now|[1-9] s ago)")
"""However long the browser took: as the script says it, and not the server."""


def _live(page: Page, address: str) -> Page:
    """The page once the script has taken over: then the time is the visitor's own."""
    page.goto(address)
    expect(page.locator(".updated")).to_contain_text(RECENT)
    return page


PART = re.compile(r"/status/\?part=board")
"""The address of the board alone, which the script asks for."""


def _refresh(page: Page) -> None:
    """Let the script ask for the board, and wait until what it got is shown."""
    page.clock.fast_forward(15_000)
    expect(page.locator(".updated")).to_contain_text(RECENT)


def _set_all(database: db.Database, status: Status) -> None:
    with database.write() as session:
        session.exec(update(ServiceState).values(status=status).where(col(ServiceState.claim) == 0))


def _same(html: str) -> str:
    """HTML without what may differ: the time, the order of attributes, React's own marks."""
    html = re.sub(r'<p class="updated">.*?</p>|<!--.*?-->| data-discover="\w+"', "", html)
    tag = re.compile(r"<([a-z0-9]+)((?: [\w-]+(?:=\"[^\"]*\")?)+)>")
    attribute = re.compile(r'[\w-]+(?:="[^"]*")?')
    return tag.sub(lambda m: f"<{m[1]} {' '.join(sorted(attribute.findall(m[2])))}>", html)


@pytest.mark.parametrize("query", ["", "?namespace=di", "?namespace=iati"])
def test_the_list_is_the_same_without_javascript(
    site: str, page: Page, plain: BrowserContext, query: str
) -> None:
    still = plain.new_page()
    still.goto(f"{site}/status/{query}")
    _live(page, f"{site}/status/{query}")
    assert "<h1>" in still.inner_html("#board")
    assert _same(still.inner_html("#board")) == _same(page.inner_html("#board"))


def test_a_namespace_is_kept_in_the_address(site: str, page: Page) -> None:
    _live(page, f"{site}/status/")
    headline = page.locator("h1")
    expect(headline).to_have_text("Tracker has difficulties")
    page.get_by_role("link", name="IATI").click()
    expect(headline).to_have_text("Datastore is up")
    expect(page).to_have_url(f"{site}/status/?namespace=iati")
    expect(page).to_have_title("Datastore is up · Status")
    page.get_by_role("link", name="DI", exact=True).click()
    expect(page.locator(".hosts > li")).to_have_count(2)
    page.go_back()
    expect(headline).to_have_text("Datastore is up")
    page.reload()
    expect(headline).to_have_text("Datastore is up")
    expect(page.locator("[aria-current=page]")).to_have_text("IATI")
    page.go_forward()
    expect(headline).to_have_text("Tracker has difficulties")


def test_it_refreshes_itself_and_touches_only_what_changed(
    site: str, page: Page, database: db.Database
) -> None:
    _live(page, f"{site}/status/")
    page.locator("summary", has_text="Data hub").click()
    page.evaluate("window.first = document.querySelector('.hosts > li:last-child')")
    _set_all(database, Status.DOWN)
    page.clock.fast_forward(15_000)
    expect(page.locator("h1")).to_have_text("All tools are down")
    row = page.locator(".hosts > li", has_text="Datastore")
    assert row.evaluate("node => node === window.first")
    assert not page.locator("li", has_text="Data hub").locator("details").evaluate("d => d.open")


def test_a_row_stays_as_the_visitor_left_it_until_something_is_wrong_there(
    site: str, page: Page, database: db.Database
) -> None:
    with database.write() as session:
        space = session.exec(select(Namespace.id).where(Namespace.slug == "iati")).one()
        for number in range(12):
            _watch(session, space, f"Tool {number}", {"Website": Status.UP})
    _live(page, f"{site}/status/")
    opened, healthy = (page.locator(f"[data-key='iati/Tool {n}'] details") for n in (3, 4))
    assert not opened.evaluate("details => details.open")
    opened.locator("summary").click()
    _refresh(page)
    assert opened.evaluate("details => details.open")
    assert not healthy.evaluate("details => details.open")
    _set_all(database, Status.DOWN)
    _refresh(page)
    expect(healthy).to_have_attribute("open", "")


def test_the_place_of_the_reader_outlives_a_refresh(
    site: str, page: Page, database: db.Database
) -> None:
    page.set_viewport_size({"width": 390, "height": 300})
    _live(page, f"{site}/status/")
    summary = page.locator("summary", has_text="Data hub")
    summary.focus()
    page.evaluate("scrollTo(0, 200)")
    page.evaluate("for (const node of document.querySelectorAll('h1, nav a')) node.seen = true")
    _set_all(database, Status.DOWN)
    _refresh(page)
    expect(page.locator("h1")).to_have_text("All tools are down")
    expect(summary).to_be_focused()
    assert page.evaluate("scrollY") > 100, "it follows what is read, whose place changes a little"
    kept = "[...document.querySelectorAll('h1, nav a')].every(node => node.seen)"
    assert page.evaluate(kept), "a new heading would not be announced as a change of the old one"


def test_a_filter_loads_the_board_alone(site: str, page: Page) -> None:
    _live(page, f"{site}/status/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    link = page.get_by_role("link", name="IATI")
    link.press("Enter")
    expect(page.locator("h1")).to_have_text("Datastore is up")
    expect(link).to_be_focused()
    assert [url for url in asked if "favicon" not in url] == [
        f"{site}/status/?part=board&namespace=iati"
    ]
    page.goto(f"{site}/status/?namespace=nowhere")
    expect(page.locator("h1")).to_have_text("There is no namespace “nowhere”")
    _refresh(page)
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(("status", "body"), [(200, "<h1>Log in to the Wi-Fi</h1>"), (502, "")])
def test_an_answer_that_is_not_a_board_is_not_shown(
    site: str, page: Page, status: int, body: str
) -> None:
    _live(page, f"{site}/status/")
    page.route(PART, lambda route: route.fulfill(status=status, body=body))
    page.clock.fast_forward(15_000)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(page.locator("h1")).to_have_text("Tracker has difficulties")
    expect(page.locator(".hosts > li")).to_have_count(3)


def test_a_lost_server_is_said_and_the_last_known_state_stays(site: str, page: Page) -> None:
    _live(page, f"{site}/status/")
    page.route(PART, lambda route: route.abort())
    page.clock.fast_forward(15_000)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(page.locator(".updated")).to_contain_text(
        re.compile(r"Last known state: .* · (1[5-9]|2\d) s ago")
    )
    page.clock.fast_forward(120_000)
    expect(page.locator(".updated")).to_contain_text("2 min ago")
    expect(page.locator(".hosts > li")).to_have_count(3)
    page.unroute(PART)
    page.clock.fast_forward(15_000)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".updated")).to_contain_text(RECENT)


OLD = re.compile(r"^These are the statuses of .*\. The monitor has not been able to check anything")


def test_that_nothing_is_checked_any_more_is_said_at_once(
    site: str, page: Page, plain: BrowserContext, database: db.Database
) -> None:
    with database.write() as session:
        before = clock.utcnow() - timedelta(minutes=15)
        session.exec(update(ServiceState).values(last_checked_at=before))
    still = plain.new_page()
    for shown in (still, page):
        shown.goto(f"{site}/status/")
        expect(shown.get_by_role("alert")).to_have_text(OLD)
        expect(shown.locator(".updated")).to_contain_text("Last known state: ")
        expect(shown.locator(".answer > .icon")).to_have_attribute("data-status", "unknown")
        expect(shown.locator(".hosts > li")).to_have_count(3)
    expect(page.locator(".updated")).to_contain_text("15 min ago")


def test_it_is_said_of_a_page_that_is_open_and_until_something_is_checked_again(
    site: str, page: Page, database: db.Database
) -> None:
    _live(page, f"{site}/status/")
    for minutes, said in ((2, 1), (0, 0)):
        with database.write() as session:
            at = clock.utcnow() - timedelta(minutes=minutes)
            session.exec(update(ServiceState).values(last_checked_at=at))
        page.clock.fast_forward(15_000)
        expect(page.get_by_role("alert")).to_have_count(said)
    expect(page.locator(".updated")).to_contain_text("Updated ")


def test_it_rests_while_nobody_looks_and_is_fresh_at_once_when_somebody_does(
    site: str, page: Page, database: db.Database
) -> None:
    _live(page, f"{site}/status/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(SET_HIDDEN, True)
    page.clock.fast_forward(60_000)
    assert asked == []
    _set_all(database, Status.UP)
    page.evaluate(SET_HIDDEN, False)
    expect(page.locator("h1")).to_have_text("All tools are up")


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_screen_and_links_fit_a_thumb(
    site: str, page: Page, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    _live(page, f"{site}/status/")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for target in page.locator("a, summary").all():
        assert target.bounding_box()["height"] >= 44


def test_the_forms_work_without_javascript(site: str, plain: BrowserContext) -> None:
    form = plain.new_page()
    form.goto(f"{site}/setup/?token=abc")
    expect(form.get_by_label("E-mail address")).to_be_focused()
    sent: list[str] = []
    form.on("request", lambda request: sent.append(request.post_data or ""))
    form.get_by_label("E-mail address").fill("ann@example.org")
    form.get_by_label("Password", exact=True).fill("correct horse battery")
    form.get_by_label("Repeat password").fill("correct horse battery")
    form.get_by_role("button", name="Create the account").click()
    assert (
        "token=abc&email=ann%40example.org&password=correct+horse+battery&password_again=correct+horse+battery"
    ) in sent
    expect(form.get_by_role("alert")).to_contain_text("This link is not valid")
    form.goto(f"{site}/login/")
    expect(form.get_by_label("E-mail address")).to_be_focused()
    form.get_by_label("E-mail address").fill("ann@example.org")
    form.get_by_label("Password").fill("not it at all")
    form.get_by_role("button", name="Log in").click()
    expect(form.get_by_role("alert")).to_contain_text("is wrong")
