"""The documents of Statuspage's public API, made of what is public here."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from webmon.api.look import public_page
from webmon.domain.checks.status import Status
from webmon.domain.statuspage import (
    INDICATORS,
    component_status,
    indicator,
    name_hash,
)
from webmon.queries.downtimes.public import PublicOccurrence
from webmon.queries.public.incidents import PublicIncidentView
from webmon.queries.public.snapshot import PublicHostView, PublicStatusView

PARTS = {
    "status": ("status",),
    "summary": ("components", "incidents", "scheduled_maintenances", "status"),
    "components": ("components",),
    "incidents": ("incidents",),
    "scheduled-maintenances": ("scheduled_maintenances",),
}


def document(
    name: str,
    view: PublicStatusView,
    incidents: Sequence[PublicIncidentView],
    downtimes: Sequence[PublicOccurrence] = (),
    *,
    namespace: str,
    stale: bool,
) -> dict[str, Any]:
    """The document of that name; where the view is ``stale``, every status in it is unknown."""
    if stale:
        view = _unknown(view)
    told = [each for each in incidents if name != "summary" or each.resolved_at is None]
    parts: dict[str, Any] = {"page": _page(view, namespace)}
    for part in PARTS[name]:
        if part == "status":
            parts[part] = _status(view)
        elif part == "components":
            parts[part] = _components(view)
        elif part == "incidents":
            parts[part] = [_incident(each, view) for each in told]
        else:
            shown = [each for each in downtimes if name != "summary" or each.state != "finished"]
            parts[part] = [_maintenance(each, view) for each in shown]
    return parts


def _unknown(view: PublicStatusView) -> PublicStatusView:
    """The same, as nothing has been checked for a while."""
    hosts = tuple(
        replace(
            host,
            status=Status.UNKNOWN,
            services=tuple(replace(each, status=Status.UNKNOWN) for each in host.services),
        )
        for host in view.hosts
    )
    return replace(view, hosts=hosts)


def _page(view: PublicStatusView, namespace: str) -> dict[str, Any]:
    return {
        "id": name_hash("page", namespace),
        "name": view.namespaces[0].name if namespace else "Beaconry",
        "url": public_page(namespace),
        "time_zone": "Etc/UTC",
        "updated_at": _instant(view.generated_at),
    }


def _status(view: PublicStatusView) -> dict[str, str]:
    found = indicator((host.status, host.planned_downtime) for host in view.hosts)
    return {"indicator": found, "description": INDICATORS[found]}


def _components(view: PublicStatusView) -> list[dict[str, Any]]:
    names = {each.slug: each.name for each in view.namespaces}
    found: list[dict[str, Any]] = []
    for position, host in enumerate(view.hosts, start=1):
        found.extend(_of_host(host, position, names.get(host.namespace, ""), view.generated_at))
    return found


def _of_host(
    host: PublicHostView, position: int, namespace: str, at: datetime
) -> Iterator[dict[str, Any]]:
    """The host as a group, then its services in it."""
    own = name_hash(host.namespace, host.name)
    some_down = any(each.status is Status.DOWN for each in host.services)
    status = component_status(host.status, planned=host.planned_downtime, some_down=some_down)
    members = [name_hash(host.namespace, host.name, each.name) for each in host.services]
    common = _common(at)
    yield {
        **common,
        "id": own,
        "name": host.name,
        "status": status,
        "position": position,
        "description": namespace,
        "group_id": None,
        "group": True,
        "components": members,
    }
    for number, (key, each) in enumerate(zip(members, host.services, strict=True), start=1):
        yield {
            **common,
            "id": key,
            "name": each.name,
            "status": component_status(each.status, planned=each.planned_downtime),
            "position": number,
            "description": None,
            "group_id": own,
            "group": False,
        }


def _common(at: datetime) -> dict[str, Any]:
    return {
        "page_id": name_hash("page", ""),
        "created_at": _instant(at),
        "updated_at": _instant(at),
        "showcase": False,
        "start_date": None,
        "only_show_if_degraded": False,
    }


def _incident(each: PublicIncidentView, view: PublicStatusView) -> dict[str, Any]:
    key = name_hash("incident", str(each.number))
    is_over = each.resolved_at is not None
    updates = [
        ("resolved", each.resolved_at, f"{each.service} is up again."),
        ("identified", each.acknowledged_at, "Somebody is looking into it."),
        ("investigating", each.opened_at, f"{each.service} is down."),
    ]
    said = [(status, at, text) for status, at, text in updates if at is not None]
    component = name_hash(each.namespace, each.host, each.service)
    return {
        "id": key,
        "name": f"{each.host} – {each.service} {'was' if is_over else 'is'} down",
        "status": said[0][0],
        "impact": "major",
        "created_at": _instant(each.opened_at),
        "started_at": _instant(each.opened_at),
        "updated_at": _instant(said[0][1]),
        "monitoring_at": None,
        "resolved_at": _instant(each.resolved_at) if each.resolved_at else None,
        "shortlink": public_page(each.namespace),
        "page_id": name_hash("page", ""),
        "incident_updates": [
            {
                "id": name_hash("update", str(each.number), status),
                "incident_id": key,
                "status": status,
                "body": text,
                "created_at": _instant(at),
                "updated_at": _instant(at),
                "display_at": _instant(at),
            }
            for status, at, text in said
        ],
        "components": [one for one in _components(view) if one["id"] == component],
    }


MAINTENANCES = {"scheduled": "scheduled", "started": "in_progress", "finished": "completed"}


def _maintenance(each: PublicOccurrence, view: PublicStatusView) -> dict[str, Any]:
    key = name_hash("downtime", str(each.id))
    status = MAINTENANCES[each.state]
    passed = {"started": each.starts_at, "finished": each.ends_at}.get(each.state, each.changed_at)
    told_at, is_over = _instant(max(each.changed_at, passed)), each.state == "finished"
    wanted = {name_hash(each.namespace, name) for name in each.hosts}
    update = {
        "id": name_hash("update", key),
        "incident_id": key,
        "status": status,
        "body": each.message or each.title,
        **dict.fromkeys(("created_at", "updated_at", "display_at"), told_at),
    }
    return {
        "id": key,
        "name": each.title,
        "status": status,
        "impact": "maintenance",
        "created_at": _instant(each.changed_at),
        "started_at": _instant(each.starts_at),
        "updated_at": told_at,
        "monitoring_at": None,
        "resolved_at": _instant(each.ends_at) if is_over else None,
        "shortlink": public_page(each.namespace),
        "page_id": name_hash("page", ""),
        "scheduled_for": _instant(each.starts_at),
        "scheduled_until": _instant(each.ends_at),
        "incident_updates": [update],
        "components": [one for one in _components(view) if one["id"] in wanted],
    }


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
