"""The admin app as people use it: the running product in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Route,
    expect,
    sync_playwright,
)

from bench.processes import free_port
from tests.browser import launch
from tests.notifiers.slack_server import SlackServer
from tests.product import Product, running

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"
SOON_MS = 15_000


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("product")) as product:
        for role in ("admin", "editor", "viewer"):
            email = f"{role}@example.org"
            arguments = ("user", "add", email, "--role", role, "--password-stdin")
            assert product.webmon(*arguments, text=PASSWORD).returncode == 0
        yield product


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, launch(playwright) as browser:
        yield browser


@pytest.fixture
def context(browser: Browser, product: Product) -> Iterator[BrowserContext]:
    with browser.new_context(base_url=product.url, reduced_motion="reduce") as context:
        context.set_default_timeout(SOON_MS)
        expect.set_options(timeout=SOON_MS)
        yield context


def sign_in(context: BrowserContext, role: str) -> Page:
    """The hosts page of somebody who has just signed in."""
    page = context.new_page()
    page.goto("/login/")
    page.fill("[name=email]", f"{role}@example.org")
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")
    page.goto("/admin/hosts/")
    expect(page.locator("[data-host]").first).to_be_visible()
    return page


def host(page: Page, name: str) -> Locator:
    return page.locator(f"[data-host='{name}']")


def button(within: Page | Locator, name: str) -> Locator:
    return within.get_by_role("button", name=name, exact=True)


def choose(row: Locator, action: str) -> None:
    """Open the menu of a row, and click in it."""
    row.locator(".menu-opener").first.click()
    button(row, action).click()


def opened(page: Page, name: str = "This monitor") -> Locator:
    """A host with its services."""
    fold = host(page, name).locator(".fold")
    if fold.get_attribute("aria-expanded") == "false":
        fold.click()
    expect(fold).to_have_attribute("aria-expanded", "true")
    return host(page, name)


def watch(page: Page) -> Locator:
    """The field for the address of a site."""
    button(page, "Add").click()
    button(page, "A site, by its URL").click()
    return page.get_by_label("Watch a site")


PRESS_TWICE = """async (button) => {
  const send = WebSocket.prototype.send;
  let sent = 0;
  WebSocket.prototype.send = function (data) {
    sent += data.includes('.watch"');
    return send.call(this, data);
  };
  for (const _ of 'ab') { button.click(); await Promise.resolve(); }
  const busy = button.ariaBusy;
  WebSocket.prototype.send = send;
  return sent === 1 ? busy : sent;
}"""
"""Whether a button says that it waits, after it has sent one event."""


def test_from_an_address_to_a_checked_site_and_away_again(
    context: BrowserContext, product: Product
) -> None:
    page = sign_in(context, "editor")
    field = watch(page)
    expect(field).to_be_focused()
    field.fill("ftp://example.org")
    assert button(page, "Watch").evaluate(PRESS_TWICE) == "true"
    expect(page.get_by_role("alert")).to_contain_text("Must be the address of a site")
    expect(button(page, "Watch")).not_to_have_attribute("aria-busy", "true")
    expect(field).to_have_value("ftp://example.org")

    field.fill(f"{product.url}/healthz")
    field.press("Enter")
    site = host(page, "127.0.0.1")
    website = site.locator("[data-service=Website]")
    expect(website).to_have_attribute("data-status", "up")
    expect(field).to_have_count(0)
    assert watch(page).input_value() == ""
    button(page, "Cancel").click()

    choose(website, "Check now: Website")
    expect(page.get_by_text("Website is up.")).to_be_visible()
    expect(website.locator(".asked")).to_have_count(0)
    website.locator(".open-detail").click()
    expect(website.locator(".detail")).to_contain_text("200")

    choose(site, "Delete 127.0.0.1")
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("Delete 127.0.0.1 with its service and the history?")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button(site, "Actions for 127.0.0.1")).to_be_focused()
    choose(site, "Delete 127.0.0.1")
    expect(button(dialog, "Keep")).to_be_focused()
    assert dialog.evaluate("dialog => dialog.matches(':modal')")
    button(dialog, "Keep").click()
    expect(dialog).to_have_count(0)
    expect(button(site, "Actions for 127.0.0.1")).to_be_focused()
    choose(site, "Delete 127.0.0.1")
    button(dialog, "Delete").click()
    expect(site).to_have_count(0)
    way_back = page.locator(".for-now")
    expect(way_back).to_contain_text("127.0.0.1 is deleted.")
    expect(button(way_back, "Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(way_back).to_have_count(0)
    expect(site).to_be_visible()


def test_a_form_keeps_what_was_typed_until_it_is_right(context: BrowserContext) -> None:
    page = sign_in(context, "editor")
    choose(opened(page), "Add service to This monitor")
    form = page.locator("form.form")
    expect(form.get_by_label("Kind")).to_be_focused()
    form.get_by_label("Name", exact=True).fill("Closed port")
    form.get_by_label("Kind").select_option("tcp")
    form.get_by_label("Port").fill("70000")
    form.get_by_label("Check every").fill("2s")
    button(form, "Add service").click()
    expect(form.get_by_role("alert")).to_have_text("Must be 65535 or less.")
    expect(form.get_by_label("Port")).to_be_focused()
    expect(form.get_by_label("Name", exact=True)).to_have_value("Closed port")
    expect(form.get_by_label("Port")).to_have_value("70000")

    form.get_by_label("Port").fill(str(free_port()))
    form.get_by_label("Port").press("Enter")
    service = host(page, "This monitor").locator("[data-service='Closed port']")
    expect(service).to_have_attribute("data-status", "down", timeout=30_000)
    expect(service).to_contain_text("refused")

    choose(service, "Edit Closed port")
    service.get_by_label("Name").fill("Other port")
    button(service, "Save").click()
    renamed = host(page, "This monitor").locator("[data-service='Other port']")
    expect(renamed).to_be_visible()
    renamed.locator(".open-detail").click()
    choose(renamed, "Pause Other port")
    expect(renamed).to_have_attribute("data-status", "paused")
    choose(renamed, "Delete Other port")
    button(page.get_by_role("alertdialog"), "Delete").click()
    expect(renamed).to_have_count(0)


def test_a_heartbeat_is_added_and_its_address_copied(context: BrowserContext) -> None:
    page = sign_in(context, "editor")
    choose(opened(page), "Add service to This monitor")
    form = page.locator("form.form")
    form.get_by_label("Name", exact=True).fill("Nightly import")
    expect(form.get_by_label("Check every")).to_be_visible()
    form.get_by_label("Kind").select_option("heartbeat")
    expect(form.get_by_label("Check every")).to_have_count(0)
    form.get_by_text("Request and expectations").click()
    form.get_by_label("Schedule (cron)").fill("0 2 * * *")
    button(form, "Add service").click()
    service = host(page, "This monitor").locator("[data-service='Nightly import']")
    expect(service).to_contain_text("0 2 * * * UTC, grace 5 min")
    expect(service).to_contain_text("waiting for the first heartbeat")
    service.locator(".open-detail").click()
    expect(service.locator("#report-url")).to_contain_text("/api/v1/heartbeats/")
    expect(service.locator("#report-line")).to_contain_text("curl -fsS")
    copy = service.locator("#report-url-copy")
    copy.click()
    expect(copy).to_have_text("Copied")
    choose(service, "Delete Nightly import")
    button(page.get_by_role("alertdialog"), "Delete").click()
    expect(service).to_have_count(0)


def test_a_viewer_sees_everything_and_is_offered_no_change(context: BrowserContext) -> None:
    page = sign_in(context, "viewer")
    opened(page).locator(".open-detail").first.click()
    page.locator(".menu-opener").first.click()
    expect(page.locator(".detail")).to_be_visible()
    expect(page.get_by_text("viewer@example.org · viewer")).to_be_visible()
    for name in ("Add", "Watch", "Add host", "Add namespace", "Edit", "Delete", "Check", "Pause"):
        assert page.get_by_role("button", name=name).count() == 0


ADDRESSES = {
    "Dashboard": "/admin/",
    "Planned downtime": "/admin/downtime/",
    "API keys": "/admin/keys/",
}
"""Of the rooms whose address is not their name."""
EASY_ROOMS = (
    *("Incidents", "Dashboard", "Namespaces", "Users", "Activity", "API keys", "Settings"),
)


def room(page: Page, name: str) -> None:
    """Go to a room by the rail, on a narrow screen by its menu; the focus is on the heading."""
    menu = button(page, "Menu")
    if menu.is_visible():
        menu.click()
    page.get_by_role("navigation", name="Rooms").get_by_role("link", name=name).click()
    address = ADDRESSES.get(name, f"/admin/{name.lower()}/")
    page.wait_for_url(re.compile(rf"{address}(\?.*)?$"))
    expect(page).to_have_title(re.compile(rf"^([✖▲] )?{name} – Beaconry$"))
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def way(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Rooms").get_by_role("link", name=name)


def test_a_way_leads_there_before_the_page_has_started(context: BrowserContext) -> None:
    page = sign_in(context, "viewer")
    context.route("**/*.js", lambda route: route.abort())
    page.goto("/admin/hosts/")
    way(page, "Channels").click()
    page.wait_for_url("**/admin/channels/")


def test_a_way_leads_there_while_the_socket_connects(context: BrowserContext) -> None:
    page = sign_in(context, "viewer")
    context.route_web_socket("**/*", lambda socket: None)  # it opens, and nothing ever comes
    page.goto("/admin/hosts/")
    way(page, "Channels").click()
    page.wait_for_url("**/admin/channels/")
    expect(page).to_have_title(re.compile("Channels – Beaconry$"))


@pytest.mark.parametrize("failures", [1, 100])
def test_a_way_leads_there_where_a_file_cannot_be_loaded(
    context: BrowserContext, failures: int
) -> None:
    page = sign_in(context, "viewer")
    failed: list[str] = []

    def fail(route: Route) -> None:
        if len(failed) >= failures:
            route.continue_()
            return
        failed.append(route.request.url)
        route.abort()

    context.route("**/assets/*channels*_index-*.js", fail)
    way(page, "Channels").click()
    page.wait_for_url("**/admin/channels/")
    expect(page).to_have_title(re.compile("Channels – Beaconry$"))
    assert failed
    page.wait_for_timeout(1000)
    assert page.url.endswith("/admin/channels/"), "it stays there"


def test_the_links_at_the_top_lead_where_they_say(context: BrowserContext) -> None:
    page = sign_in(context, "viewer")
    room(page, "Channels")
    expect(page.locator("[data-channel=Administrators]")).to_contain_text("WEBMON_SMTP_URL")
    room(page, "Incidents")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("down"))
    page.get_by_role("link", name="Hosts").press("Enter")
    expect(host(page, "This monitor")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(button(page, "Sign out")).to_be_focused()
    page.get_by_role("link", name="Skip to the content").press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_role("link", name="Public page").click()
    page.wait_for_url("**/status/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_channel_is_added_tested_switched_off_and_deleted(context: BrowserContext) -> None:
    page = sign_in(context, "admin")
    room(page, "Channels")
    button(page, "Add channel").click()
    form = page.locator("form.form")
    expect(form.get_by_label("Kind")).to_be_focused()
    form.get_by_label("Name", exact=True).fill("Ops")
    with SlackServer() as slack:
        button(form, "Add channel").click()
        expect(form.get_by_role("alert")).to_have_text("Is required.")
        form.get_by_label("Webhook address").fill(slack.webhook_url)
        button(form, "Add channel").click()
        channel = page.locator("[data-channel=Ops]")
        expect(channel).to_contain_text("not used yet")
        button(channel, "Send a test to Ops").click()
        expect(channel.get_by_role("status")).to_contain_text("The test was sent")
        expect(channel).to_contain_text("works")
    assert len(slack.contents) == 1
    assert slack.webhook_url not in page.content()

    channel.locator(".open-detail").click()
    expect(channel.locator(".deliveries li")).to_have_count(1)
    channel.get_by_text("Message previews").click()
    expect(channel.locator(".preview").first).to_contain_text("DOWN")
    button(channel, "Switch off").click()
    expect(channel).to_contain_text("switched off")
    button(channel, "Delete channel").click()
    button(page.get_by_role("alertdialog"), "Delete").click()
    expect(channel).to_have_count(0)


AWAY = """\
hosts:
  - name: Away
    address: 127.0.0.1
    namespace: main
    services:
      - {{name: Port, kind: tcp, interval: 2s, retry: 1s, timeout: 1s, config: {{port: {}}}}}
"""


def test_what_is_known_of_an_outage_is_written_and_shown(
    context: BrowserContext, product: Product
) -> None:
    file = product.folder / "away.yaml"
    file.write_text(AWAY.format(free_port()))
    assert product.webmon("apply", str(file)).returncode == 0
    page = sign_in(context, "editor")
    room(page, "Incidents")
    incident = page.locator("[data-incident='Away / Port']")
    incident.locator(".open-detail").click()
    field = incident.get_by_label("Post an update")
    field.press("Enter")
    expect(incident.get_by_role("alert")).to_have_text("Must not be empty.")
    field.fill("The disk is full")
    button(incident, "Publish").click()
    expect(incident.locator(".updates")).to_contain_text("The disk is full")
    expect(incident.locator(".updates")).to_contain_text("editor@example.org")
    expect(field).to_be_focused()
    expect(field).to_have_value("")


def test_an_address_brings_back_what_was_open(context: BrowserContext) -> None:
    page = sign_in(context, "viewer")
    detail = page.locator(".detail")
    page.get_by_label("Find hosts and services").fill("monitor")
    page.wait_for_url("**/admin/hosts/?search=monitor")
    page.locator(".open-detail").first.click()
    expect(detail).to_be_visible()
    page.wait_for_url("**/admin/hosts/?search=monitor&service=*")
    address = page.url
    page.reload()
    expect(detail).to_be_visible()
    expect(page.get_by_label("Find hosts and services")).to_have_value("monitor")
    page.go_back()
    expect(detail).to_have_count(0)
    expect(page).to_have_url(re.compile(r"search=monitor$"))
    page.go_forward()
    expect(detail).to_be_visible()

    button(page, "Sign out").click()
    page.wait_for_url("**/login/")
    page.goto(address)
    page.wait_for_url("**/login/?next=*")
    for password in ("wrong", PASSWORD):
        page.fill("[name=email]", "viewer@example.org")
        page.fill("[name=password]", password)
        page.click("[type=submit]")
    page.wait_for_url(address)
    expect(detail).to_be_visible()
    expect(detail).to_be_in_viewport()


def test_an_unknown_page_says_so_and_leads_back(context: BrowserContext) -> None:
    page = sign_in(context, "viewer")
    page.goto("/admin/no-such-room/")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    page.get_by_role("link", name="Go to the dashboard").click()
    page.wait_for_url("**/admin/")


def test_namespaces_have_a_room_of_their_own(context: BrowserContext) -> None:
    page = sign_in(context, "admin")
    room(page, "Namespaces")
    button(page, "Add namespace").click()
    form = page.locator("form.form")
    form.get_by_label("Name", exact=True).fill("Data Items")
    form.get_by_label("Short name").fill("DI")
    button(form, "Add namespace").click()
    expect(form.get_by_role("alert")).to_contain_text("Must be lowercase letters")
    form.get_by_label("Short name").fill("data")
    form.get_by_label("Short name").press("Enter")
    row = page.locator("[data-namespace=data]")
    expect(row).to_contain_text("0 hosts")
    row.get_by_role("link", name="Data Items").click()
    page.wait_for_url("**/admin/hosts/?namespace=data")
    expect(button(page, "Data Items")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("No host matches.")).to_be_visible()
    page.go_back()
    button(row, "Delete Data Items").click()
    button(page.get_by_role("alertdialog"), "Delete").click()
    expect(row).to_have_count(0)


SLOW_FOCUS = """(() => {
  const plain = globalThis.setTimeout;
  globalThis.setTimeout = (run, ms, ...rest) => plain(run, ms === 60 ? 900 : ms, ...rest);
})()"""


def test_the_focus_stays_where_the_person_has_put_it(context: BrowserContext) -> None:
    context.add_init_script(SLOW_FOCUS)
    page = sign_in(context, "admin")
    room(page, "Namespaces")
    button(page, "Add namespace").click()
    field = page.get_by_label("Short name")
    field.focus()
    page.wait_for_timeout(1_200)
    expect(field).to_be_focused()
    button(page, "Cancel").click()
    expect(page.locator("form.form")).to_have_count(0)
    button(page, "Add namespace").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    button(page, "Cancel").click()


def test_the_tab_shows_that_something_is_down(context: BrowserContext, product: Product) -> None:
    file = product.folder / "tab.yaml"
    file.write_text(AWAY.format(free_port()).replace("Away", "Away again"))
    assert product.webmon("apply", str(file)).returncode == 0
    page = sign_in(context, "admin")
    expect(page).to_have_title(re.compile("^[✖▲] Hosts"), timeout=30_000)
    icon = page.locator("link[rel=icon]").first
    expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))
    room(page, "Namespaces")
    expect(page).to_have_title(re.compile("^[✖▲] Namespaces"))
    expect(icon).to_have_attribute("href", re.compile("^data:image/svg"))


def test_signing_out_ends_the_other_tabs_too(context: BrowserContext) -> None:
    page, other = sign_in(context, "viewer"), context.new_page()
    other.goto("/admin/hosts/")
    expect(host(other, "This monitor")).to_be_visible()
    page.bring_to_front()
    button(page, "Sign out").click()
    page.wait_for_url("**/login/**")
    other.bring_to_front()
    other.wait_for_url("**/login/**")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_every_room_fits_can_be_hit_and_is_accessible(
    browser: Browser, product: Product, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 900}
    with browser.new_context(base_url=product.url, viewport=size, color_scheme=scheme) as context:
        page, errors = sign_in(context, "admin"), []
        page.on("console", lambda each: each.type == "error" and errors.append(each.text))
        shown = opened(page).locator("[data-service='Status page']")
        shown.locator(".open-detail").click()
        choose(shown, "Edit Status page")
        expect(page.locator("form.form")).to_be_visible()
        assert_it_fits(page)
        assert_it_is_accessible(page)
        room(page, "Channels")
        page.locator(".open-detail").first.click()
        page.get_by_text("Message previews").click()
        button(page, "Edit Administrators").click()
        expect(page.locator("form.form")).to_be_visible()
        assert_it_fits(page)
        assert_it_is_accessible(page)
        room(page, "Planned downtime")
        button(page, "Plan downtime").click()
        expect(page.locator("form.form")).to_be_visible()
        assert_it_fits(page)
        assert_it_is_accessible(page)
        for name in EASY_ROOMS:
            room(page, name)
            expect(page.locator(".as-of").or_(page.get_by_text("Hosts up"))).not_to_have_count(0)
            assert_it_fits(page)
            assert_it_is_accessible(page)
        assert errors == []


def test_the_dashboard_says_how_everything_is_and_leads_there(context: BrowserContext) -> None:
    page = sign_in(context, "viewer")
    room(page, "Dashboard")
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("up|down"))
    expect(page.get_by_text("Checks and messages are on time")).to_be_visible()
    page.get_by_role("link", name="7 days").click()
    expect(page).to_have_url(re.compile(r"range=7d"))
    expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    page.reload()
    expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    page.locator(".number a").first.click()
    expect(host(page, "This monitor")).to_be_visible()


GO_AND_LISTEN = """address => {
  window.told = [];
  const listen = () => told.push(document.querySelector('h1')?.textContent ?? '');
  new MutationObserver(listen).observe(document.body, {childList: true, subtree: true});
  history.pushState({}, '', address);
  dispatchEvent(new PopStateEvent('popstate'));
}"""
"""Goes to an address within the app, and keeps every title that is shown on the way."""


def test_a_service_has_a_page_with_its_history(context: BrowserContext) -> None:
    page = sign_in(context, "viewer")
    shown = opened(page)
    shown.locator(".open-detail").first.click()
    shown.get_by_role("link", name="Charts, months and last results").click()
    page.wait_for_url("**/admin/service/?id=*")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Status page")
    expect(page.get_by_role("heading", name="Response time")).to_be_visible()
    expect(page.locator(".recharts-line").first).to_be_attached()
    days = page.get_by_label("Day")
    days.focus()
    days.press("Home")
    expect(page.locator(".day-told")).to_contain_text("not observed")
    days.press("End")
    expect(page.locator(".day-told")).to_contain_text("no outage")
    assert_it_fits(page)
    page.get_by_role("link", name="This monitor").click()
    page.wait_for_url("**/admin/host/?id=*")
    expect(page.get_by_role("heading", level=1)).to_contain_text("This monitor")
    page.evaluate(GO_AND_LISTEN, "/admin/service/?id=2147483647")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such service")
    told = page.evaluate("told")
    assert not any("Status page" in each for each in told), "not the one that was shown before"


def test_long_names_leave_room_beside_them(
    browser: Browser, product: Product, tmp_path: Path
) -> None:
    file, name = tmp_path / "long.yaml", "A host with a very long name " * 3
    namespace = "{slug: long, name: A namespace that has a long name too}"
    listed = f"{{name: {name}, namespace: long, address: a-host-with-a-long-name.example.org}}"
    file.write_text(f"namespaces: [{namespace}]\nhosts: [{listed}]\n")
    assert product.webmon("apply", str(file)).returncode == 0
    for width in (1440, 800, 390):
        size = {"width": width, "height": 900}
        with browser.new_context(base_url=product.url, viewport=size) as context:
            line = host(sign_in(context, "admin"), name.strip()).locator(".host-line")
            assert line.bounding_box()["height"] < 120, width


def test_coming_back_shows_what_was_searched_for(context: BrowserContext) -> None:
    page = sign_in(context, "viewer")
    search = page.get_by_label("Find hosts and services")
    search.fill("No such host")
    expect(page.get_by_text("No host matches.")).to_be_visible()
    room(page, "Channels")
    room(page, "Hosts")
    expect(search).to_have_value("No such host")
    page.reload()
    expect(search).to_have_value("No such host")
    search.fill("")
    expect(host(page, "This monitor")).to_be_visible()


def test_the_keyboard_searches_adds_and_goes_to_rooms(context: BrowserContext) -> None:
    page = sign_in(context, "editor")
    page.keyboard.press("/")
    expect(page.get_by_label("Find hosts and services")).to_be_focused()
    page.keyboard.type("nothing/?g")
    expect(page.get_by_text("No host matches.")).to_be_visible()
    button(page, "Show all").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Incidents")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    page.set_viewport_size({"width": 1280, "height": 200})
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.keyboard.press("n")
    expect(button(page, "A site, by its URL")).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": 720})
    button(page, "A site, by its URL").click()
    expect(page.get_by_label("Watch a site")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Watch a site")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/admin/incidents/**")

    waiting: list[Route] = []
    page.route(re.compile(r"/api/find\?text=$"), lambda route: waiting.append(route))
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Search")
    typed, first = palette.get_by_role("combobox"), palette.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    chosen = palette.get_by_role("option", selected=True)
    expect(chosen).to_have_text("HostsRoom")
    waiting[0].continue_()
    expect(palette.get_by_role("status")).to_have_text(re.compile("found$"))
    expect(chosen).to_have_text("HostsRoom")
    page.keyboard.type("This mon")
    expect(first).to_have_accessible_name(re.compile("^This monitor"))
    page.keyboard.press("Escape")
    expect(palette).to_have_count(0)
    button(page, "Search").click()
    typed.fill("pause status page")
    expect(first).to_contain_text("Pause This monitor / Status page")
    typed.press("Enter")
    page.wait_for_url("**/admin/service/?id=*")
    expect(page.get_by_label("Pause", exact=True)).to_be_focused()
    page.keyboard.press("Control+k")
    typed.fill("plan downt")
    expect(first).to_have_text("Plan downtimeDo")
    first.click()
    expect(page.locator("form.form").get_by_label("Title")).to_be_focused()


def test_what_a_file_of_another_monitor_holds_is_shown_as_often_as_asked(
    context: BrowserContext, tmp_path: Path
) -> None:
    file = tmp_path / "gatus.yaml"
    file.write_text(
        "endpoints:\n  - name: front\n    url: https://example.org/\n"
        "    conditions: ['[STATUS] == 200']\n"
    )
    page = sign_in(context, "admin")
    page.goto("/admin/import/")
    page.get_by_label("From").select_option("gatus")
    page.get_by_label("File, of at most 10 MB").set_input_files(file)
    for _ in range(2):
        button(page, "Show what would come over").click()
        expect(page.locator("#moved")).to_contain_text("example.org / front")
        expect(button(page, "Show what would come over")).not_to_have_attribute("aria-busy", "true")


def assert_it_fits(page: Page) -> None:
    """Nothing is wider than the window, and everything can be hit with a thumb.

    On wide screens the lines of the list are lower, so that many fit.
    """
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        "[...document.querySelectorAll('header a, main button, main input, main select, summary')]"
        ".filter(each => each.checkVisibility() && each.type !== 'checkbox'"
        " && each.getBoundingClientRect().height < (innerWidth > 900 && each.closest('.line')"
        " ? 32 : 44)).map(each => each.outerHTML)"
    )
    assert small == []
    cut = page.evaluate(
        "[...document.querySelectorAll('.head *, h1, h2, .status, .word, .button')]"
        ".filter(each => each.checkVisibility() && !each.childElementCount"
        " && each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0"
        " && getComputedStyle(each).overflow !== 'visible').map(each => each.outerHTML)"
    )
    assert cut == []


def assert_it_is_accessible(page: Page) -> None:
    """Axe finds nothing that is serious."""
    options = {"resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"]) for each in grave] == []


def kept(page: Page) -> str:
    """All that the tab keeps of what was typed."""
    text: str = page.evaluate("JSON.stringify(sessionStorage)")
    return text


def test_what_is_typed_survives_other_forms_rooms_and_a_restart(
    context: BrowserContext, product: Product
) -> None:
    page = sign_in(context, "editor")
    form = page.locator("form.form")
    choose(opened(page), "Add service to This monitor")
    form.get_by_label("Name", exact=True).fill("Half a page")
    form.get_by_label("URL").fill("http://anna:pass@a.example/x?token=t0p")
    form.get_by_text("Request and expectations").click()
    form.locator("[name='config.headers']").fill("Authorization: s3cret")
    form.get_by_label("Kind").select_option("tcp")
    form.get_by_label("Port", exact=True).fill(product.url.rpartition(":")[2])
    assert not re.search("s3cret|t0p|pass@", kept(page)) and "a.example" in kept(page)

    button(page, "Add").click()
    button(page, "Add host").click()
    expect(form.get_by_label("Name", exact=True)).to_have_value("")
    form.get_by_label("Name", exact=True).fill("Half a host")
    room(page, "Channels")
    page.get_by_role("link", name="Hosts", exact=True).click()
    expect(form.get_by_label("Name", exact=True)).to_have_value("Half a host")
    button(form, "Start over").click()
    expect(form.get_by_label("Name", exact=True)).to_have_value("")
    button(form, "Cancel").click()
    expect(form).to_have_count(0)
    assert "Half a host" not in kept(page)

    page.get_by_label("Find hosts").fill("monitor")
    page.wait_for_function("location.search.includes('search=monitor')")
    choose(opened(page), "Add service to This monitor")
    expect(form.get_by_label("Port", exact=True)).to_have_value(product.url.rpartition(":")[2])
    product.child("web").kill()
    expect(page.get_by_text("The server does not answer.")).to_be_visible(timeout=30_000)
    form.get_by_label("Name", exact=True).fill("A port")
    expect(page.get_by_text("The server does not answer.")).to_be_hidden(timeout=60_000)
    expect(form.get_by_text("What you typed before is here again")).to_be_visible()
    expect(form.get_by_label("Kind")).to_have_value("tcp")
    expect(page.get_by_label("Find hosts")).to_have_value("monitor")
    button(form, "Add service").click()
    expect(page.get_by_text("A port is saved.")).to_be_visible()
    expect(form).to_have_count(0)
    assert "A port" not in kept(page)


def test_another_page_of_the_list_is_read_from_its_top(
    context: BrowserContext, product: Product, tmp_path: Path
) -> None:
    # The last of this file: from here on, hosts of other tests are on other pages.
    file = tmp_path / "many.yaml"
    hosts = "".join(f"  - {{name: Many {n}, namespace: many}}\n" for n in range(60))
    file.write_text(f"namespaces: [{{slug: many, name: Many}}]\nhosts:\n{hosts}")
    page = sign_in(context, "viewer")
    assert product.webmon("apply", str(file)).returncode == 0
    button(page, "Many").click()
    button(page, "Next").click()
    expect(page.locator(".pages")).to_contain_text("Page 2 of")
    expect(page.locator("main > ol")).to_be_focused()
    expect(page.locator(".host").first).to_be_in_viewport()
