"""REST: the same access rules as the app, changes by revision, requests that may be repeated."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlmodel import select

from tests import factories
from tests.api.apps import fresh_app
from tests.api.keys import add_keys, add_tools
from webmon import clock, crypto, db
from webmon.api.rest import admission
from webmon.commands.inventory import namespaces
from webmon.domain.accounts.access import Role
from webmon.domain.checks.status import Status
from webmon.models import Activity, Host, Mute, Service, ServiceState
from webmon.origin import Way

V1 = "/api/v1"
SITE = {"name": "Website", "kind": "http", "config": {"url": "https://www.example.org/"}}


@pytest.fixture
def keys(database: db.Database) -> dict[str, str]:
    """Two namespaces with a host and a service each, and keys of all kinds."""
    now = clock.utcnow()
    with database.write() as session:
        for slug, namespace_id in add_tools(session, now).items():
            factories.channel(session, f"ops of {slug}", namespace_id=namespace_id)
        factories.user(session, "anna@example.org", Role.ADMIN)
        return add_keys(session, now)


class Caller:
    """A program with a key."""

    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {key}"}

    async def __call__(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {} if body is None else {"json": body}
        return await self._client.request(method, V1 + path, headers=self._headers | named, **sent)


@pytest.fixture
async def callers(keys: dict[str, str]) -> AsyncIterator[dict[str, Caller]]:
    transport = httpx.ASGITransport(fresh_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield {name: Caller(client, key) for name, key in keys.items()} | {
            "nobody": Caller(client, "wm_unknown")
        }


def pointers(answer: httpx.Response) -> list[str]:
    return [each["pointer"] for each in answer.json()["errors"]]


async def test_a_host_and_a_service_are_made_read_changed_and_deleted(
    callers: dict[str, Caller],
) -> None:
    write = callers["write"]
    wanted = {"name": "New", "namespace": "iati", "address": "www.example.org"}
    made = await write("POST", "/hosts", wanted)
    assert made.status_code == 201
    host = made.json()
    assert host.items() >= wanted.items()
    assert made.headers["location"] == f"{V1}/hosts/{host['id']}"
    service = await write("POST", "/services", {**SITE, "host_id": host["id"], "interval": "5m"})
    path = f"/services/{service.json()['id']}"
    assert service.json()["interval"] == "5m"
    changed = await write("PATCH", path, {"degraded_above": "2s"}, If_Match=service.headers["etag"])
    assert changed.status_code == 200, changed.text
    assert (changed.json()["degraded_above"], changed.json()["interval"]) == ("2s", "5m")
    assert changed.json()["config"] == SITE["config"]
    gone = await write("DELETE", path, If_Match=changed.headers["etag"])
    assert (gone.status_code, (await write("GET", path)).status_code) == (204, 404)


async def test_who_has_read_an_older_state_changes_nothing(callers: dict[str, Caller]) -> None:
    write = callers["write"]
    first = await write("GET", "/hosts/1")
    tag = first.headers["etag"]
    assert (await write("PATCH", "/hosts/1", {"name": "A"})).status_code == 428
    assert (await write("DELETE", "/hosts/1")).status_code == 428
    assert (await write("PATCH", "/hosts/1", {"name": "A"}, If_Match=tag)).status_code == 200
    stale = await write("PATCH", "/hosts/1", {"name": "B"}, If_Match=tag)
    assert stale.status_code == 412
    assert stale.headers["content-type"] == "application/problem+json"
    assert (await write("DELETE", "/hosts/1", If_Match=tag)).status_code == 412
    assert (await write("PATCH", "/hosts/1", {"name": "C"}, If_Match="x")).status_code == 412
    assert (await write("PATCH", "/hosts/1", {"name": "C"}, If_Match="*")).status_code == 200
    now = (await write("GET", "/hosts/1")).headers["etag"]
    for wrong in (f"W/{now}", f"{now}, x", f"{tag}, {tag}", '"*"', f"{now} {tag}", f"*, {now}"):
        assert (await write("DELETE", "/hosts/1", If_Match=wrong)).status_code == 412, wrong
    one_of = await write("PATCH", "/hosts/1", {"name": "D"}, If_Match=f'"other,", W/{tag} , {now}')
    assert one_of.status_code == 200, one_of.text
    again = await write("GET", "/hosts/1")
    assert (await write("GET", "/hosts/1", If_None_Match=again.headers["etag"])).status_code == 304


async def test_a_request_that_is_repeated_is_done_once(callers: dict[str, Caller]) -> None:
    write, wanted = callers["write"], {"slug": "new", "name": "New"}
    first = await write("POST", "/namespaces", wanted, Idempotency_Key="one")
    again = await write("POST", "/namespaces", wanted, Idempotency_Key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    other = await write("POST", "/namespaces", {**wanted, "name": "x"}, Idempotency_Key="one")
    assert (other.status_code, pointers(other)) == (422, ["Idempotency-Key"])
    failed = await write("POST", "/namespaces", wanted, Idempotency_Key="two")
    assert failed.status_code == 422
    better = await write("POST", "/namespaces", {**wanted, "slug": "b"}, Idempotency_Key="two")
    assert better.status_code == 201, "what failed was not done, so the key is free"


async def test_a_list_comes_in_pages_with_filters_and_chosen_fields(
    callers: dict[str, Caller], database: db.Database
) -> None:
    with database.write() as session:
        host_id = session.exec(select(Host.id)).first()
        for number in range(5):
            factories.service(session, f"S{number}", host_id=host_id, status=Status.DOWN)
    read, seen, cursor = callers["read"], [], ""
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = (await read("GET", f"/services?status=down&limit=2&fields=id,name{more}")).json()
        assert all(set(each) == {"id", "name"} for each in page["items"])
        seen += [each["name"] for each in page["items"]]
        if not (cursor := page["next_cursor"]):
            break
    assert seen == [f"S{number}" for number in range(5)]
    both = (await read("GET", "/services?namespace=di")).json()["items"]
    assert [each["name"] for each in both] == ["Page of di"]
    open_ones = (await read("GET", "/incidents?open=true")).json()["items"]
    assert [each["namespace"] for each in open_ones] == ["di", "iati"]
    assert (await read("GET", "/incidents?open=false")).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("cursor=zzz", "cursor"),
        ("fields=secret", "fields"),
        ("nonsense=1", "nonsense"),
        ("host_id=-1", "host_id"),
        ("kind=a&kind=b", "kind"),
    ],
)
async def test_a_wrong_parameter_is_named(
    callers: dict[str, Caller], query: str, pointer: str
) -> None:
    answer = await callers["read"]("GET", f"/services?{query}")
    assert (answer.status_code, pointers(answer)) == (422, [pointer])


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/hosts", {"name": "x", "namespace": "no"}, "#/namespace"),
        ("/hosts", {"namespace": "iati"}, "#/name"),
        ("/hosts", {"name": "x", "namespace": "iati", "colour": 1}, "#/colour"),
        ("/services", {**SITE, "host_id": 1, "interval": "soon"}, "#/interval"),
        ("/services", {**SITE, "host_id": 1, "interval": "30d"}, "#/interval"),
        ("/services", {**SITE, "host_id": 99}, "#/host_id"),
        ("/services", {**SITE, "host_id": 1, "config": {"url": "x"}}, "#/config/url"),
        ("/services", [], "#"),
        ("/channels", {"name": "x", "kind": "pigeon"}, "#/kind"),
    ],
)
async def test_a_wrong_field_is_named(
    callers: dict[str, Caller], path: str, body: Any, pointer: str
) -> None:
    answer = await callers["write"]("POST", path, body)
    assert (answer.status_code, pointers(answer)) == (422, [pointer])
    assert answer.json()["detail"]


async def test_a_secret_is_never_shown_and_stays_where_it_is_left_out(
    callers: dict[str, Caller], database: db.Database
) -> None:
    write = callers["write"]
    config = {"dsn": "postgresql://u:hidden@db.example.org/x"}
    body = {"host_id": 1, "name": "Database", "kind": "postgres", "config": config}
    made = await write("POST", "/services", body)
    assert made.status_code == 201 and "hidden" not in made.text
    path, tag = f"/services/{made.json()['id']}", made.headers["etag"]
    done = await write("PATCH", path, {"config": {"query": "SELECT 2"}}, If_Match=tag)
    assert done.status_code == 200, done.text
    with database.read() as session:
        stored = session.get_one(Service, made.json()["id"])
        assert crypto.unseal(stored.config) == {**config, "query": "SELECT 2"}
    assert (await callers["read"]("GET", path)).json()["config"] is None


async def test_a_reading_key_changes_nothing(callers: dict[str, Caller]) -> None:
    read = callers["read"]
    tag = (await read("GET", "/hosts/1")).headers["etag"]
    wanted = [
        ("POST", "/namespaces", {"slug": "x", "name": "x"}),
        ("POST", "/hosts", {"name": "x", "namespace": "iati"}),
        ("PATCH", "/hosts/1", {"name": "x"}),
        ("DELETE", "/hosts/1", None),
        ("POST", "/services/1/check", None),
        ("POST", "/services/1/pause", None),
        ("POST", "/incidents/1/ack", None),
        ("POST", "/hosts/1/mute", {"reason": "x", "for": "1h"}),
    ]
    for method, path, body in wanted:
        assert (await read(method, path, body, If_Match=tag)).status_code == 403, path


async def test_a_key_of_a_namespace_neither_sees_nor_changes_another(
    callers: dict[str, Caller],
) -> None:
    iati = callers["iati"]
    for name in ("namespaces", "hosts", "services", "channels", "incidents"):
        listed = await iati("GET", f"/{name}")
        assert "di" not in {
            each.get("namespace") or each.get("slug") for each in listed.json()["items"]
        }
        (await iati("GET", f"/{name}")).raise_for_status()
    missing = await iati("GET", "/hosts/999")
    for method, path, body in (
        ("GET", "/hosts/2", None),
        ("PATCH", "/hosts/2", {"name": "x"}),
        ("DELETE", "/hosts/2", None),
        ("POST", "/hosts/2/mute", {"reason": "x", "for": "1h"}),
        ("GET", "/services/2", None),
        ("POST", "/services/2/check", None),
        ("POST", "/incidents/2/ack", None),
    ):
        answer = await iati(method, path, body, If_Match="*")
        assert answer.status_code == 404, (method, path)
    assert (await iati("GET", "/hosts/2")).json() == missing.json()
    moved = await iati("PATCH", "/hosts/1", {"namespace": "di"}, If_Match="*")
    unknown = await iati("PATCH", "/hosts/1", {"namespace": "xx"}, If_Match="*")
    assert (moved.status_code, unknown.status_code) == (422, 422)
    assert (await iati("POST", "/services", {**SITE, "host_id": 2})).status_code == 422
    assert (await iati("POST", "/namespaces", {"slug": "x", "name": "x"})).status_code == 403
    assert (await iati("POST", "/services/1/pause")).status_code == 200


async def test_without_a_key_every_route_is_401(callers: dict[str, Caller]) -> None:
    for method, path in (("GET", "/hosts"), ("GET", "/hosts/1"), ("DELETE", "/hosts/1")):
        answer = await callers["nobody"](method, path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_actions(callers: dict[str, Caller], database: db.Database) -> None:
    write = callers["write"]
    assert (await write("POST", "/services/1/check")).status_code == 202
    taken = await write("POST", "/incidents/1/ack", Idempotency_Key="x")
    assert taken.json()["acknowledged_by"] == "API key write"
    muted = await write("POST", "/services/1/mute", {"reason": "new disks", "for": "2h"})
    assert muted.status_code == 200
    wrong = await write("POST", "/services/1/mute", {"reason": "x", "for": "soon"})
    assert (wrong.status_code, pointers(wrong)) == (422, ["#/for"])
    paused = await write("POST", "/services/1/pause")
    assert (paused.json()["paused"], paused.json()["status"]) == (True, "paused")
    refused = await write("POST", "/services/1/check")
    assert refused.status_code == 422
    assert (await write("POST", "/services/1/resume")).json()["paused"] is False
    with database.read() as session:
        (mute,) = session.exec(select(Mute)).all()
        assert (mute.reason, mute.created_by) == ("new disks", "API key write")
        assert session.get_one(ServiceState, 1).next_check_at is not None
        entries = session.exec(select(Activity).where(Activity.thing != "API key")).all()
        assert {(each.way, each.actor) for each in entries} == {(Way.API_KEY, "API key write")}


async def test_too_many_requests_are_told_when_to_come_again(
    callers: dict[str, Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission.time, "monotonic", lambda: 1.0)
    statuses = {}
    for _ in range(admission.BURST + 1):
        answer = await callers["read"]("GET", "/hosts/1")
        statuses[answer.status_code] = answer
    assert set(statuses) == {200, 429}
    assert int(statuses[429].headers["retry-after"]) == 1
    assert (await callers["write"]("GET", "/hosts/1")).status_code == 200


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"a": NaN}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"name": "\\ud800", "namespace": "iati"}', "application/json", 422),
        (b'{"name": "\\u0000", "namespace": "iati"}', "application/json", 422),
        (b"a=b", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    callers: dict[str, Caller], content: bytes, media_type: str, status: int
) -> None:
    caller = callers["write"]
    headers = {**caller._headers, "Content-Type": media_type}
    answer = await caller._client.post(f"{V1}/hosts", content=content, headers=headers)
    assert answer.status_code == status, answer.text


async def test_the_description_has_examples_that_are_accepted(
    callers: dict[str, Caller],
) -> None:
    write = callers["write"]
    document = (await write._client.get("/api/openapi.json")).json()
    for name in ("hosts", "services", "channels", "namespaces", "downtimes", "users"):
        post = document["paths"][f"{V1}/{name}"]["post"]
        assert post["security"] == [{"apiKey": []}]
        body = post["requestBody"]["content"]["application/json"]["example"]
        if name == "namespaces":
            body = body | {"slug": "other"}
        if name == "downtimes":
            body = body | {"hosts": ["Tool of iati"]}
        assert (await write("POST", f"/{name}", body)).status_code == 201
    references = str(document).split("'#/components/schemas/")[1:]
    for name in {each.partition("'")[0] for each in references}:
        assert name in document["components"]["schemas"]


async def test_two_who_make_the_same_at_once_are_told(
    callers: dict[str, Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namespaces, "_require_free_slug", lambda *_: None)
    answer = await callers["write"]("POST", "/namespaces", {"slug": "iati", "name": "x"})
    assert answer.status_code == 409


async def test_downtime_is_planned_moved_and_cancelled(callers: dict[str, Caller]) -> None:
    iati = callers["iati"]
    wanted = {
        "title": "Upgrade",
        "namespace": "iati",
        "hosts": ["Tool of iati"],
        "starts_at": "2030-12-01T22:00",
        "duration": "45m",
    }
    made = await iati("POST", "/downtimes", wanted)
    assert made.status_code == 201, made.text
    assert made.json()["hosts"] == ["Tool of iati"] and made.json()["duration"] == "45m"
    path = f"/downtimes/{made.json()['id']}"
    longer = await iati("PATCH", path, {"duration": "2h"}, If_Match=made.headers["etag"])
    assert (longer.status_code, longer.json()["duration"]) == (200, "2h"), longer.text
    until = {"ends_at": "2030-12-01T23:00"}
    moved = await iati("PATCH", path, until, If_Match=longer.headers["etag"])
    assert moved.json()["duration"] == "1h", moved.text
    stale = await iati("PATCH", path, {"duration": "3h"}, If_Match=made.headers["etag"])
    assert stale.status_code == 412
    assert (await iati("DELETE", path, If_Match="*")).status_code == 204
    (left,) = (await iati("GET", "/downtimes?cancelled=true")).json()["items"]
    assert left["cancelled_at"]
    assert (await iati("GET", "/downtimes?cancelled=false")).json()["items"] == []
    elsewhere = await iati("POST", "/downtimes", {**wanted, "namespace": "di"})
    assert (elsewhere.status_code, pointers(elsewhere)) == (422, ["#/namespace"])


async def test_a_downtime_does_not_tell_what_other_namespaces_have(
    callers: dict[str, Caller],
) -> None:
    """Not which names or ids are taken there: all is as if it were not there."""
    wanted = {"title": "x", "hosts": [], "starts_at": "2030-12-01T22:00", "duration": "45m"}
    theirs = {**wanted, "namespace": "di", "hosts": ["Tool of di"], "id": "upgrade"}
    made = await callers["write"]("POST", "/downtimes", theirs)
    assert made.status_code == 201, made.text
    iati = callers["iati"]
    wanted |= {"namespace": "iati", "hosts": ["Tool of iati"]}
    for field, real, none in (
        ("channels", "ops of di", "ops of xx"),
        ("hosts", "Tool of di", "Tool of xx"),
        ("services", "Tool of di/Website", "Tool of xx/Website"),
    ):
        hidden = await iati("POST", "/downtimes", {**wanted, field: [real]})
        absent = await iati("POST", "/downtimes", {**wanted, field: [none]})
        assert hidden.status_code == absent.status_code == 422
        assert hidden.text.replace("di", "xx") == absent.text.replace("di", "xx")
    same_id = await iati("POST", "/downtimes", {**wanted, "id": "upgrade"})
    assert same_id.status_code == 201, same_id.text
    taken = await iati("POST", "/downtimes", {**wanted, "id": "upgrade"})
    assert pointers(taken) == ["#/id"]


async def test_people_are_for_admins(callers: dict[str, Caller]) -> None:
    write, wanted = callers["write"], {"email": "Bert@example.org", "role": "viewer"}
    made = await write("POST", "/users", {**wanted, "namespaces": ["iati"]})
    assert made.status_code == 201, made.text
    assert made.json()["namespaces"] == ["iati"] and made.json()["invited"]
    path = f"/users/{made.json()['id']}"
    changed = await write(
        "PATCH", path, {"role": "editor", "namespaces": None}, If_Match=made.headers["etag"]
    )
    assert (changed.json()["role"], changed.json()["namespaces"]) == ("editor", None)
    (anna,) = (await write("GET", "/users?email=anna@example.org")).json()["items"]
    last = await write("DELETE", f"/users/{anna['id']}", If_Match="*")
    assert last.status_code == 422, "the last admin stays"
    for name in ("read", "iati"):
        assert (await callers[name]("GET", "/users")).status_code == 403
        assert (await callers[name]("GET", path)).status_code == 403
    assert (await write("DELETE", path, If_Match="*")).status_code == 204


async def test_the_activity_is_told_of_the_keys_namespaces(callers: dict[str, Caller]) -> None:
    for host in (1, 2):
        await callers["write"]("PATCH", f"/hosts/{host}", {"public": False}, If_Match="*")
    told = (await callers["iati"]("GET", "/activity")).json()["items"]
    assert [each["name"] for each in told] == ["Tool of iati"]
    (entry,) = told
    assert (entry["verb"], entry["actor"], entry["way"]) == ("changed", "API key write", "api_key")
    assert len((await callers["read"]("GET", "/activity?thing=host")).json()["items"]) == 2
    assert (await callers["write"]("DELETE", f"/activity/{entry['id']}")).status_code == 405


async def test_a_read_key_is_not_told_what_was_set_up(callers: dict[str, Caller]) -> None:
    service = {
        "host_id": 1,
        "name": "Hidden",
        "kind": "http",
        "config": {"url": "http://a.example/secret-path"},
    }
    made = await callers["write"]("POST", "/services", service)
    assert made.status_code == 201, made.text
    known = (await callers["write"]("GET", "/activity")).text
    hidden = await callers["read"]("GET", "/activity")
    assert "secret-path" in known
    assert "Hidden" in hidden.text
    assert "secret-path" not in hidden.text
