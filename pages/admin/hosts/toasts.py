"""What the hosts page says when something has been done, where that takes more than a name."""

from collections.abc import Sequence

import reflex as rx

from webmon.domain.checks.status import Status
from webmon.models import Host
from webmon.queries.inventory.host_views import NamespaceView, ServiceView
from webmon.ui.rooms.room import Events
from webmon.ui.states.private import sentence


def result(service: ServiceView) -> Events:
    """What a check that somebody asked for has seen."""
    if service.last_status == Status.UP:
        return rx.toast.success(f"{service.name} is up.")
    return rx.toast.error(sentence(f"{service.name}: {service.message}"), duration=10_000)


def watched(host: Host, namespaces: Sequence[NamespaceView]) -> Events:
    """That a site is watched, and in which of several namespaces."""
    names = [each.name for each in namespaces if each.id == host.namespace_id]
    where = f", in {names[0]}" if names and len(namespaces) > 1 else ""
    return rx.toast.success(f"{host.name} is watched{where}.")
