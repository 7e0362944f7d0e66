"""The part of the hosts' state that starts checks and waits for their results."""

import asyncio
from datetime import datetime, timedelta

import reflex as rx

from pages.admin.hosts import toasts
from webmon.clock import utcnow
from webmon.commands.inventory import services
from webmon.domain.accounts.access import Role
from webmon.queries.inventory.host_views import HostsView, HostView
from webmon.ui.rooms.room import Events, Listing
from webmon.ui.states.private import act, only

FOLLOW_SECONDS = (0.4, 0.6, 1, 1, 1, 2, 2, 2, 2, 3)
"""When to look for the result of a check that somebody asked for."""


PAUSES = (1, 24)
"""For how many hours a service can be paused from the list."""


class AskedChecks(Listing, mixin=True):
    """Checks that somebody asked for, and what came of them."""

    hosts: tuple[HostView, ...] = ()

    _asked: dict[int, datetime] = rx.field(default_factory=dict)  # type: ignore[assignment]
    _answered: set[int] = rx.field(default_factory=set)  # type: ignore[assignment]

    def _note_answers(self, view: HostsView) -> None:
        waiting = {each.id for host in view.hosts for each in host.services if each.asked}
        self._answered |= self._asked.keys() - waiting
        self._asked = {each: at for each, at in self._asked.items() if each in waiting}

    @rx.event
    @only(Role.EDITOR)
    async def check(self, service_id: int) -> Events:
        """Have a service checked now, and show the result when it is there."""
        asked_at = utcnow()
        await act(self, services.check_now, service_id)
        self._asked = {**self._asked, service_id: asked_at}
        await self._refresh()
        return self.__class__.follow

    @rx.event
    @only(Role.EDITOR)
    async def pause(self, service_id: int, hours: int = 0) -> Events:
        """Stop checking a service, for so many hours or (0) until it is resumed."""
        length = timedelta(hours=hours) if isinstance(hours, int) and hours in PAUSES else None
        until_at = utcnow() + length if length else None
        await act(self, services.pause, service_id, until_at=until_at)
        await self._refresh()
        return rx.toast.success("Paused.")

    @rx.event
    @only(Role.EDITOR)
    async def resume(self, service_id: int) -> Events:
        """Check a service again."""
        await act(self, services.resume, service_id)
        await self._refresh()
        return [rx.toast.success("Resumed."), self.__class__.follow]

    @rx.event(background=True)
    @only(Role.VIEWER)
    async def follow(self) -> Events:
        """Look again soon, for as long as a result is expected."""
        for seconds in FOLLOW_SECONDS:
            await asyncio.sleep(seconds)
            async with self:
                await self._refresh()
                results = self._results()
                if not self._expects():
                    return results
                if results:
                    return [*results, self.__class__.follow]
        return None

    def _results(self) -> list[Events]:
        """What came of the checks that somebody asked for, once each."""
        answered, self._answered = self._answered, set()
        services = [service for host in self.hosts for service in host.services]
        return [toasts.result(service) for service in services if service.id in answered]

    def _expects(self) -> bool:
        return bool(self._asked) or any(
            service.status == "unknown" for host in self.hosts for service in host.services
        )
