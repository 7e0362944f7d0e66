"""Watch a site: a URL is enough, and the checks are set up for it."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from webmon import crypto
from webmon.commands.inventory.hosts import create_host
from webmon.commands.inventory.namespaces import create_namespace
from webmon.commands.inventory.services import create_service
from webmon.domain.accounts.access import Actor
from webmon.errors import Invalid
from webmon.models import Host, Namespace, Service
from webmon.probes import PROBES

LONGEST_URL = 2000


def watch_site(
    session: Session,
    url: str,
    *,
    namespace_id: int | None = None,
    public: bool = True,
    actor: Actor | None,
    now: datetime,
) -> Host:
    """A host for the site at ``url`` (``https://`` may be left out) with all that it can offer.

    Without a namespace it goes to the first one; where there is none yet, to a new one "Main". Its
    page is critical: a site that does not answer is down, even with a good certificate.

    Raises:
        Invalid: that is no address of a site.
        PermissionDenied: the actor may not.
    """
    url, hostname, port = _site(url)
    namespace_id = namespace_id or _first_namespace(session, actor, now)
    _refuse_watched(session, namespace_id, url)
    name = _free_name(session, namespace_id, hostname.removeprefix("www."))
    host = create_host(
        session,
        {"name": name, "namespace_id": namespace_id, "address": hostname, "public": public},
        actor=actor,
        now=now,
    )
    config = {"url": url, "follow_redirects": True}
    website: dict[str, Any] = {"name": "Website", "kind": "http", "config": config}
    website["critical"] = True
    certificate: dict[str, Any] = {"name": "Certificate", "kind": "tls", "config": port}
    offered = [website, certificate] if url.startswith("https://") else [website]
    for service in offered:
        if service["kind"] in PROBES:
            create_service(session, host.id, service, actor=actor, now=now)
    return host


def _site(text: str) -> tuple[str, str, dict[str, int]]:
    """The full URL, its host name, and the port where it names one."""
    text = text.strip() if isinstance(text, str) else ""
    if not text:
        raise Invalid("type the address of a site, such as www.example.org", "url")
    url = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(url)
        hostname, port = parts.hostname, parts.port
    except ValueError:
        hostname = None
    wrong_scheme = parts.scheme not in ("http", "https") if hostname else True
    if wrong_scheme or not hostname or len(url) > LONGEST_URL or any(c.isspace() for c in url):
        raise Invalid("must be the address of a site, such as https://www.example.org/", "url")
    if parts.username or parts.password:
        raise Invalid("must not contain a password: that goes into the service's form", "url")
    return url, hostname, {"port": port} if port else {}


def _refuse_watched(session: Session, namespace_id: int, url: str) -> None:
    watched = session.exec(
        select(Host.name, Service.config)
        .join(Service, col(Service.host_id) == Host.id)
        .where(Host.namespace_id == namespace_id, Service.kind == "http")
    )
    wanted = _page(url)
    for name, config in watched:
        if _page(_stored_url(config)) == wanted:
            raise Invalid(f"is watched already: the host {name}", "url")


def _stored_url(config: Any) -> str:
    url, query = config.get("url", ""), config.get("query")
    return f"{url}?{crypto.unseal(query)}" if query else str(url)


def _page(url: str) -> tuple[str, str, int | None, str, str]:
    """What is the same of two addresses of one page."""
    parts = urlsplit(url.strip())
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port, parts.path or "/", parts.query


def _first_namespace(session: Session, actor: Actor | None, now: datetime) -> int:
    present = session.exec(select(Namespace.id).order_by(col(Namespace.name))).all()
    for namespace_id in present:
        if actor is None or actor.sees(namespace_id):
            return namespace_id
    main = {"slug": "main", "name": "Main"}
    return create_namespace(session, main, actor=actor, now=now).id


def _free_name(session: Session, namespace_id: int, name: str) -> str:
    taken = set(session.exec(select(Host.name).where(Host.namespace_id == namespace_id)))
    name = name[:90]
    free = name
    number = 2
    while free in taken:
        free = f"{name} {number}"
        number += 1
    return free
