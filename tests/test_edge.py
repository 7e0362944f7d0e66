"""The edge: default deny, and no way round it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from webmon import db
from webmon.clock import utcnow
from webmon.commands.accounts import logins, users
from webmon.commands.accounts.passwords import HashedPassword
from webmon.db import Database
from webmon.domain.accounts.access import Role
from webmon.domain.accounts.sessions import COOKIE
from webmon.edge import Edge, bodies
from webmon.queries.system.unbelieved_proxy import seen_recently

EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
BROWSER = {"accept": "text/html,application/xhtml+xml"}


async def echo(request: Request) -> Response:
    """What reached the application, and headers that an application might add."""
    body = await request.body()
    headers = {"access-control-allow-origin": "*", "Access-Control-Allow-Credentials": "true"}
    if request.url.path.endswith("/moved"):
        return RedirectResponse(f"http://{request.url.netloc}/admin/moved/?a=b", headers=headers)
    if request.url.path.endswith("/cached"):
        headers["cache-control"] = "public, max-age=15"
    seen = {
        "app": request.app.state.name,
        "path": request.url.path,
        "bytes": len(body),
        "client": request.client.host if request.client else None,
        "scheme": request.url.scheme,
    }
    status = 404 if "missing" in request.url.path else 200
    return JSONResponse(seen, status, headers=headers)


def application(name: str) -> Starlette:
    app = Starlette(routes=[Route("/{path:path}", echo, methods=EVERY_METHOD)])
    app.state.name = name
    return app


def client_of(edge: Edge, **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(edge, client=("198.51.100.7", 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://status.example", **options)


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """SQLite only: what the edge asks is tested on both with the queries, its rules ask nothing."""
    path = tmp_path / "webmon.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    db.use(database)
    yield database
    database.dispose()


@pytest.fixture
def edge(database: Database) -> Edge:
    return Edge(application("admin"), application("public"))


@pytest.fixture
async def anyone(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(edge) as client:
        yield client


@pytest.fixture
def token(database: Database) -> str:
    with database.write() as session:
        user = users.create_user(
            session, "anna@example.org", HashedPassword("-"), Role.VIEWER, now=utcnow()
        )
        return logins.open_session(session, user, now=utcnow())


@pytest.fixture
async def anna(edge: Edge, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(edge, cookies={COOKIE: token}) as client:
        yield client


# Who may reach what


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/status/",
            "/login/",
            "/setup/",
            "/invite/",
            "/healthz",
            "/readyz",
            "/metrics",
            "/favicon.svg",
        ),
        *("/api/v1/status", "/api/docs", "/auth/login", "/assets/a.js"),
    ],
)
async def test_the_public_side_is_open_to_anyone(anyone: httpx.AsyncClient, path: str) -> None:
    answer = await anyone.get(path)
    assert (answer.status_code, answer.json()["app"]) == (200, "public")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "/status/"),
        ("/status", "/status/"),
        ("/status?namespace=iati", "/status/?namespace=iati"),
        ("/login", "/login/"),
        ("/setup?token=t", "/setup/?token=t"),
        ("/admin", "/admin/"),
    ],
)
async def test_addresses_without_their_slash_are_sent_on_by_path(
    anyone: httpx.AsyncClient, path: str, location: str
) -> None:
    answer = await anyone.get(path)
    assert (answer.status_code, answer.headers["location"]) == (307, location)


ADMIN_PATHS = ["/admin/", "/admin/hosts/", "/admin/assets/a.js", "/admin/_event/", "/admin/ping"]


@pytest.mark.parametrize("method", EVERY_METHOD)
@pytest.mark.parametrize("path", ADMIN_PATHS)
async def test_the_admin_side_is_closed_without_a_session(
    anyone: httpx.AsyncClient, path: str, method: str
) -> None:
    answer = await anyone.request(method, path)
    is_page = path == "/admin/hosts/" and method in ("GET", "HEAD")
    location = "/login/?next=%2Fadmin%2Fhosts%2F" if is_page else "/login/"
    assert (answer.status_code, answer.headers["location"]) == (303, location)
    assert "no-store" in answer.headers["cache-control"]
    assert answer.content == b""


async def test_the_login_leads_back_to_the_page_that_was_asked_for(
    anyone: httpx.AsyncClient,
) -> None:
    answer = await anyone.get("/admin/hosts/?search=a%20b&page=2")
    wanted = parse_qs(urlsplit(answer.headers["location"]).query)["next"]
    assert wanted == ["/admin/hosts/?search=a%20b&page=2"]


@pytest.mark.parametrize("path", ADMIN_PATHS)
async def test_the_admin_side_is_open_with_a_session(anna: httpx.AsyncClient, path: str) -> None:
    answer = await anna.get(path)
    assert (answer.status_code, answer.json()["app"]) == (200, "admin")


@pytest.mark.parametrize(
    "cookie", ["", "x", "webmon_session=", "webmon_session=wrong", "\xff=\xfe"]
)
async def test_a_made_up_cookie_opens_nothing(anyone: httpx.AsyncClient, cookie: str) -> None:
    answer = await anyone.get("/admin/", headers={"cookie": cookie.encode("latin-1")})
    assert answer.status_code == 303


async def test_the_session_is_found_among_odd_cookies(
    anyone: httpx.AsyncClient, token: str
) -> None:
    cookies = f'odd; {{"json": 1}}; a=b=c; {COOKIE}={token}; last="'
    assert (await anyone.get("/admin/", headers={"cookie": cookies})).status_code == 200


async def test_a_disabled_user_is_out_at_once(anna: httpx.AsyncClient, database: Database) -> None:
    with database.write() as session:
        users.disable_user(
            session, users.id_of(session, "anna@example.org"), actor=None, now=utcnow()
        )
    assert (await anna.get("/admin/")).status_code == 303


async def test_login_leads_on_who_is_signed_in(anna: httpx.AsyncClient) -> None:
    answer = await anna.get("/login/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/")


async def test_setup_is_gone_once_there_is_a_user(anna: httpx.AsyncClient) -> None:
    assert (await anna.get("/setup/?token=t")).status_code == 404


async def test_without_a_database_nobody_gets_in(edge: Edge, tmp_path: Any) -> None:
    db.use(Database(f"sqlite:///{tmp_path}/empty.db"))
    async with client_of(edge, cookies={COOKIE: "anything"}) as client:
        assert (await client.get("/admin/")).status_code == 503
        assert (await client.get("/status/")).status_code == 200
    db.current().dispose()


# No way round it


@pytest.mark.parametrize(
    "path",
    [
        *("//admin/", "/Admin/", "/ADMIN/", "/admin//", "/status//admin/", "/.admin/"),
        *("/./admin/", "/status/../admin/", "/status/%2e%2e/admin/", "/assets/../admin/"),
        *("/assets/..%2fadmin/", "/assets/%2e%2e%2fadmin%2f", "/%2fadmin/", "/admin%2f"),
        *("/admin%252f", "/%5cadmin/", "/assets/..%5cadmin/", "/admin%00/", "/\x7fadmin/"),
        *("/admin;/", "/admin.html", "/adminx/", "/%C4%80dmin/", "/admin%0d%0a/", "/assets"),
        *("/status/x", "/login/x", "/ping", "/_event", "/_event/", "/_health", "/_upload"),
        *("/auth-codespace", "/_all_routes", "/404.html", "/status.html", "/index.html"),
        *("/__spa-fallback.html", "/.env", "/docs", "/openapi.json", "/healthz/"),
    ],
)
async def test_what_is_not_named_does_not_exist(edge: Edge, token: str, path: str) -> None:
    for method in ("GET", "POST"):
        assert (await by_hand(edge, method, path))["status"] == 404
        assert (await by_hand(edge, method, path, token))["status"] == 404


@pytest.mark.parametrize("path", ["/%61dmin/", "/admin/%70ing", "/adm%69n/_event/"])
async def test_an_encoded_letter_is_no_way_round(edge: Edge, path: str) -> None:
    answer = await by_hand(edge, "GET", path)
    assert (answer["status"], dict(answer["headers"])[b"location"]) == (303, b"/login/")


async def by_hand(edge: Edge, method: str, path: str, token: str = "") -> dict[str, Any]:
    """How the answer to a request starts whose path is sent exactly as it stands here."""
    wire = Wire(iter([{"type": "http.request", "body": b"", "more_body": False}]))
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"status.example"), (b"cookie", f"{COOKIE}={token}".encode())],
    }
    await edge(scope, wire.receive, wire.send)
    return wire.answers[0]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://evil.example", "host": "status.example:8000"},
        {"origin": "http://status.example.evil.example"},
        {"origin": "http://status.example:81"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://[broken"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"referer": "https://evil.example/form.html"},
        {"referer": "http://status.example@evil.example/"},
        {"referer": "http://status.example:81/login/", "sec-fetch-site": "none"},
        {"referer": "about:blank"},
    ],
)
async def test_another_site_may_not_write(
    anna: httpx.AsyncClient, method: str, headers: dict[str, str]
) -> None:
    for path in ("/auth/login", "/admin/_event/", "/api/v1/hosts"):
        assert (await anna.request(method, path, headers=headers)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://status.example"},
        {"origin": "https://STATUS.example"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"referer": "http://status.example/login/?next=%2Fadmin%2F"},
        {"referer": "https://status.example/login/", "sec-fetch-site": "same-origin"},
    ],
)
async def test_our_own_pages_and_scripts_may_write(
    anna: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await anna.post("/auth/login", headers=headers)).status_code == 200


async def test_two_origins_match_nothing(anna: httpx.AsyncClient) -> None:
    own = ("origin", "http://status.example")
    headers = [own, ("origin", "http://evil.example"), own]
    assert (await anna.post("/auth/login", headers=headers)).status_code == 403


# Bodies


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/auth/login", 10_000, 200),
        ("/auth/login", 10_001, 413),
        ("/status/", 10_001, 413),
        ("/api/v1/hosts", 1_000_000, 200),
        ("/api/v1/hosts", 1_000_001, 413),
        ("/admin/_event/", 1_000_001, 413),
    ],
)
async def test_a_body_has_its_limit(
    anna: httpx.AsyncClient, path: str, size: int, status: int
) -> None:
    answer = await anna.post(path, content=b"x" * size)
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["bytes"] == size


@dataclass
class Wire:
    """A request played by hand: what is sent to the edge, and what it answered."""

    chunks: Iterator[dict[str, Any]]
    answers: list[dict[str, Any]] = field(default_factory=list)
    taken: int = 0

    async def receive(self) -> dict[str, Any]:
        self.taken += 1
        return next(self.chunks)

    async def send(self, message: Any) -> None:
        self.answers.append(message)


def post_scope(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": "/auth/login",
        "raw_path": b"/auth/login",
        "query_string": b"",
        "headers": [(b"host", b"status.example"), *headers],
    }


def endless() -> Iterator[dict[str, Any]]:
    while True:
        yield {"type": "http.request", "body": b"x" * 1000, "more_body": True}


async def test_a_large_body_is_refused_before_it_is_read(edge: Edge) -> None:
    wire = Wire(endless())
    await edge(post_scope((b"content-length", b"10000000")), wire.receive, wire.send)
    assert (wire.answers[0]["status"], wire.taken) == (413, 0)


async def test_an_endless_body_is_not_read_to_its_end(edge: Edge) -> None:
    wire = Wire(endless())
    await edge(post_scope((b"transfer-encoding", b"chunked")), wire.receive, wire.send)
    assert (wire.answers[0]["status"], wire.taken) == (413, 11)


@pytest.mark.parametrize("length", [b"-1", b"1e9", b"", b"1, 1"])
async def test_an_odd_length_is_refused(edge: Edge, length: bytes) -> None:
    wire = Wire(endless())
    await edge(post_scope((b"content-length", length)), wire.receive, wire.send)
    assert wire.answers[0]["status"] == 413


async def test_a_body_that_never_comes_is_given_up(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 0.01)
    wire = Wire(iter(()))
    await edge(post_scope(), asyncio.Event().wait, wire.send)  # type: ignore[arg-type]
    assert wire.answers[0]["status"] == 408


# Headers


async def test_every_answer_is_dressed(anyone: httpx.AsyncClient, anna: httpx.AsyncClient) -> None:
    answers = [
        await anna.get("/admin/"),
        await anyone.get("/admin/"),
        await anyone.get("/nowhere"),
        await anyone.get("/status/"),
        await anyone.post("/auth/login", headers={"origin": "null"}),
    ]
    for answer in answers:
        csp = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in csp and "object-src 'none'" in csp
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in answer.headers
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_only_the_admin_app_may_evaluate(anna: httpx.AsyncClient) -> None:
    public, admin = await anna.get("/status/"), await anna.get("/admin/")
    assert "unsafe-eval" not in public.headers["content-security-policy"]
    assert "'unsafe-eval'" in admin.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/status/", "no-cache"),
        ("/assets/root-C-pEf6ed.js", "public, max-age=31536000, immutable"),
        ("/assets/missing.js", "no-store"),
        ("/api/cached", "public, max-age=15"),
        ("/auth/cached", "no-store"),
        ("/admin/", "private, no-store"),
        ("/admin/cached", "private, no-store"),
        ("/admin/assets/a.js", "private, max-age=31536000, immutable"),
        ("/admin/assets/missing.js", "private, no-store"),
    ],
)
async def test_how_long_an_answer_may_be_kept(
    anna: httpx.AsyncClient, path: str, rule: str
) -> None:
    assert (await anna.get(path)).headers["cache-control"] == rule


async def test_an_applications_redirect_stays_on_the_path(anna: httpx.AsyncClient) -> None:
    assert (await anna.get("/admin/moved")).headers["location"] == "/admin/moved/?a=b"


async def test_people_get_a_page_and_machines_json(anyone: httpx.AsyncClient) -> None:
    page = await anyone.get("/nowhere", headers=BROWSER)
    assert page.headers["content-type"].startswith("text/html")
    assert "There is nothing at this address." in page.text
    for path, headers in (("/nowhere", {}), ("/api/v1//x", BROWSER)):
        answer = await anyone.get(path, headers=headers)
        assert answer.json()["detail"] == "There is nothing at this address."
        assert answer.json()["title"] == "Not Found"


# Proxies


async def seen(hops: int, **headers: str) -> tuple[str, str]:
    names = {"forwarded_for": "x-forwarded-for", "proto": "x-forwarded-proto"}
    sent = {names[name]: value for name, value in headers.items()}
    edge = Edge(application("admin"), application("public"), trusted_proxies=hops)
    async with client_of(edge) as client:
        answer = await client.get("/healthz", headers=sent)
    if answer.json()["scheme"] == "https":
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
    return answer.json()["client"], answer.json()["scheme"]


@pytest.mark.parametrize(
    ("hops", "forwarded_for", "proto", "client", "scheme"),
    [
        (0, "203.0.113.9", "https", "198.51.100.7", "http"),
        (1, "203.0.113.9", "https", "203.0.113.9", "https"),
        (1, "10.6.6.6, 203.0.113.9", "http, https", "203.0.113.9", "https"),
        (2, "10.6.6.6, 203.0.113.9, 10.0.0.1", "https", "203.0.113.9", "https"),
        (2, "203.0.113.9", "https", "203.0.113.9", "https"),
        (1, "2001:db8::1", "HTTPS", "2001:db8::1", "https"),
        (1, "nonsense", "gopher", "198.51.100.7", "http"),
        (1, "203.0.113.9, ", "", "198.51.100.7", "http"),
    ],
)
async def test_proxies_are_believed_as_far_as_they_are_trusted(
    hops: int, forwarded_for: str, proto: str, client: str, scheme: str
) -> None:
    assert await seen(hops, forwarded_for=forwarded_for, proto=proto) == (client, scheme)


# Proxies in front


def behind(**options: Any) -> httpx.AsyncClient:
    edge = Edge(application("admin"), application("public"), **options)
    return httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://inner:8000")


@pytest.mark.parametrize(
    ("base_url", "headers"),
    [
        ("http://status.example:8080", {"origin": "http://status.example:8080"}),  # bare proxy_pass
        ("http://status.example:8080", {"origin": "http://STATUS.example:8080", "host": "x"}),
        ("https://status.example", {"origin": "https://status.example:443"}),
        ("https://status.example:443", {"origin": "https://status.example"}),
        ("", {"origin": "https://status.example", "host": "status.example:443"}),  # $host:443
        ("", {"origin": "http://status.example", "host": "status.example:80"}),
        ("", {"origin": "https://status.example", "x-forwarded-host": "status.example"}),
        ("", {"origin": "https://[::1]:8443", "host": "[::1]:8443"}),
    ],
)
@pytest.mark.usefixtures("database")
async def test_an_address_of_ours_may_write_through_a_proxy(
    base_url: str, headers: dict[str, str]
) -> None:
    async with behind(base_url=base_url, trusted_proxies=1) as client:
        answer = await client.post("/auth/login", headers=headers)
    assert answer.status_code == 200
    assert answer.json()["scheme"] == headers["origin"].partition(":")[0]


@pytest.mark.parametrize(
    ("trusted_proxies", "headers"),
    [
        (1, {"origin": "https://evil.example"}),
        (1, {"origin": "http://status.example"}),  # the base URL has TLS
        (1, {"origin": "https://status.example:8443"}),
        (1, {"origin": "https://status.example.evil.example"}),
        (1, {"origin": "https://status.example@evil.example"}),
        (1, {"origin": "https://evil.example@status.example"}),
        (1, {"origin": "https://evil.example", "host": ""}),
        (1, {"origin": "https://status.example:port"}),
        (0, {"origin": "https://other.example", "x-forwarded-host": "other.example"}),
        (1, {"origin": "https://o.example", "x-forwarded-host": "o.example, status.example"}),
    ],
)
@pytest.mark.usefixtures("database")
async def test_another_address_may_not_and_the_log_says_once_what_was_compared(
    trusted_proxies: int, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    base_url = "https://status.example"
    async with behind(base_url=base_url, trusted_proxies=trusted_proxies) as client:
        for _ in range(3):
            answer = await client.post("/auth/login", headers=headers)
    assert answer.status_code == 403
    assert "WEBMON_BASE_URL" in answer.json()["detail"]
    [told] = [line for line in caplog.messages if "was refused" in line]
    assert f'its Origin is "{headers["origin"]}"' in told
    assert 'WEBMON_BASE_URL "https://status.example"' in told


@pytest.mark.usefixtures("database")
async def test_the_base_url_says_that_there_is_tls_in_front() -> None:
    async with behind(base_url="https://status.example") as client:
        page = await client.get("/status/")
        assert page.json()["scheme"] == "https"
        assert "strict-transport-security" in page.headers
        direct = {"origin": "http://inner:8000"}  # past the proxy, where Secure would lock out
        answer = await client.post("/auth/login", headers=direct)
        assert answer.json()["scheme"] == "http"


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"])
async def test_a_proxy_that_is_not_believed_is_noted(
    database: Database, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    edge = Edge(application("admin"), application("public"))
    transport = httpx.ASGITransport(edge, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://status.example") as client:
        await client.get("/status/")
        assert not edge._proxies._noting
        for _ in range(3):
            await client.get("/status/", headers={header: "198.51.100.7"})
    assert edge._proxies._noting is not None
    await edge._proxies._noting
    [told] = [line for line in caplog.messages if "WEBMON_TRUSTED_PROXIES" in line]
    assert header in told
    with database.read() as session:
        assert seen_recently(session, now=utcnow())
        assert not seen_recently(session, now=utcnow() + timedelta(days=2))


async def test_a_stranger_cannot_make_us_see_a_proxy(anyone: httpx.AsyncClient, edge: Edge) -> None:
    transport = httpx.ASGITransport(edge, client=("8.8.8.8", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://status.example") as client:
        await client.get("/status/", headers={"x-forwarded-for": "1.2.3.4"})
    assert edge._proxies._noting is None


async def test_a_handshake_that_lost_its_upgrade_is_named(
    anna: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await anna.get("/admin/_event/?EIO=4&transport=websocket&token=1")
    assert answer.status_code == 426
    assert "does not pass WebSockets on" in answer.json()["detail"]
    assert "does not pass WebSockets on" in caplog.text
