"""What every probe shares: its config's base class, the target, and the outcome it returns."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ConfigDict

from webmon.domain.checks.heartbeats import Reports
from webmon.domain.checks.status import Status
from webmon.probes.host_key import HostKey
from webmon.probes.ssh_access import NO_SSH, SshTarget


class ProbeConfig(BaseModel):
    """The settings of one service kind. Every field has a title: the admin form shows it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @property
    def needs_address(self) -> bool:
        """Whether it looks at the address of the service's host."""
        return True

    @property
    def needs_login(self) -> bool:
        """Whether it logs in at the service's host."""
        return False

    @property
    def family(self) -> str:
        """The address family that it looks over: auto, 4, 6, or both, each by itself."""
        return getattr(self, "address_family", "auto")

    @property
    def places(self) -> dict[str, str]:
        """The hosts that it looks at besides, by the field that names them."""
        return {}


@dataclass(frozen=True, slots=True)
class Target:
    """What a probe looks at besides its own config."""

    address: str
    """Host name or IP address of the service's host; may be empty where the config has a URL."""
    heartbeat: Reports | None = None
    """What has been reported to a service that receives heartbeats."""
    ssh: SshTarget = NO_SSH
    """Who logs in there, and the keys it is known by."""


@dataclass(frozen=True, slots=True)
class Phases:
    """How long each step took, in microseconds; None for a step that was not taken."""

    dns_us: int | None = None
    connect_us: int | None = None
    tls_us: int | None = None
    first_byte_us: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a probe saw.

    ``status`` is up, degraded or down; unknown where the probe could not look, which is stored as
    no data and changes nothing, unless it is ``unable``. ``message`` is one sentence for an admin
    ("connection refused by 10.0.0.7:443"); ``evidence`` is small, JSON-ready, and free of secrets.
    """

    status: Status
    message: str
    response_us: int | None = None
    phases: Phases = Phases()
    evidence: dict[str, Any] = field(default_factory=dict)
    certain: bool = False
    """One such outcome changes the status at once: a job that says itself that it failed."""
    next_at: datetime | None = None
    """When to look next, where the probe knows better than the interval."""
    repeated: bool = False
    """Nothing new was seen: an earlier observation still stands, and does not count twice."""
    host_key: HostKey | None = None
    """The key that an SSH server showed, where none is pinned yet."""
    unable: bool = False
    """Settings or the policy on networks do not let it look, and will not by themselves: what was
    seen before does not stand any longer, and the service is unknown."""


def up(message: str, response_us: int, phases: Phases = Phases(), **evidence: Any) -> Outcome:
    """The service does what it should."""
    return Outcome(Status.UP, message, response_us, phases, evidence)


def unknown(message: str, **facts: Any) -> Outcome:
    """The probe could not look, which says nothing about the service."""
    return Outcome(Status.UNKNOWN, message, **facts)


def unable(message: str, **facts: Any) -> Outcome:
    """The probe cannot look until somebody changes a setting."""
    return Outcome(Status.UNKNOWN, message, unable=True, **facts)


def down(message: str, **facts: Any) -> Outcome:
    """The service does not; ``facts`` are `Outcome`'s other fields."""
    return Outcome(Status.DOWN, message, **facts)


Probe = Callable[[Any, Target, float], Awaitable[Outcome]]
"""(config, target, timeout in seconds): runs on the event loop."""


Parts = tuple[type[ProbeConfig], Probe]
"""What a kind's file holds: the config of its services, and what looks at them."""


def in_file(file: str, config: str, probe: str) -> Callable[[], Parts]:
    """A kind's two parts by their names; ``file`` is imported when they are first asked for."""

    @cache
    def parts() -> Parts:
        module = import_module(f"webmon.probes.{file}")
        return getattr(module, config), getattr(module, probe)

    return parts


@dataclass(frozen=True, slots=True)
class ProbeKind:
    """An entry of the registry."""

    title: str
    parts: Callable[[], Parts]
    """See `in_file`."""
    up_means: str = ""
    """What a service of this kind does when it is up; for the table in docs/checks.md."""
    interval_seconds: int = 60
    """The interval proposed for a new service of this kind."""
    proposed: Mapping[str, Any] = field(default_factory=dict)
    """What a form for a new service has filled in, where that is more than the defaults."""
    receives: bool = False
    """Its services are reported to us, each at its own address (`commands.checks.heartbeats`)."""
    over_ssh: bool = False
    """Its services share their host's SSH connection, so they are looked at at the same time."""

    @property
    def config(self) -> type[ProbeConfig]:
        """What can be set for its services."""
        return self.parts()[0]

    @property
    def probe(self) -> Probe:
        """What looks at them."""
        return self.parts()[1]
