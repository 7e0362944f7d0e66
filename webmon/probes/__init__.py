"""The registry of service kinds, and `run`, which never raises.

A new kind is one file (a pydantic config and one function) and one line here. The file is imported
when the first service of its kind is met: most installations have few kinds, and some of them need
a library of several megabytes.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import ValidationError

from webmon import clock, crypto
from webmon.domain.checks.networks import ANYWHERE, Reach
from webmon.domain.checks.status import Status
from webmon.errors import Invalid, what_is_wrong
from webmon.guard import NotAllowed, NotJudged, within
from webmon.probes.base import (
    Outcome,
    ProbeConfig,
    ProbeKind,
    Target,
    down,
    in_file,
    unable,
    unknown,
)
from webmon.probes.each_family import look_over
from webmon.probes.ssh_access import SshTarget
from webmon.probes.wire.families import AUTO

log = logging.getLogger(__name__)

MARGIN_SECONDS = 0.5
"""How much longer than its timeout a probe may take to end by itself."""

STALLED_SECONDS = 1.0
"""A check that takes still longer was kept waiting by this process, not by the host."""

PROBES: dict[str, ProbeKind] = {
    "http": ProbeKind(
        "Web page",
        in_file("http", "HttpConfig", "probe_http"),
        up_means="answers with an accepted status and the expected body",
        proposed={"follow_redirects": True},
    ),
    "tls": ProbeKind(
        "Certificate (TLS)",
        in_file("tls", "TlsConfig", "probe_tls"),
        interval_seconds=3600,
        up_means="chain and name are valid, and more than `warn_days` are left",
    ),
    "tcp": ProbeKind(
        "TCP port",
        in_file("tcp", "TcpConfig", "probe_tcp"),
        up_means="accepts connections, and answers as expected",
    ),
    "ping": ProbeKind(
        "Ping",
        in_file("ping", "PingConfig", "probe_ping"),
        up_means="answers ICMP echo requests, nearly all of them",
    ),
    "dns": ProbeKind(
        "DNS record",
        in_file("dns", "DnsConfig", "probe_dns"),
        up_means="the name resolves, to the expected answer",
    ),
    "ssh": ProbeKind(
        "SSH server",
        in_file("ssh", "SshConfig", "probe_ssh"),
        over_ssh=True,
        up_means="sends a banner and the pinned host key; with `login`, accepts the login",
    ),
    "postgres": ProbeKind(
        "PostgreSQL",
        in_file("postgres", "PostgresConfig", "probe_postgres"),
        up_means="accepts the login and answers the query; a replica is reported as one",
    ),
    "mysql": ProbeKind(
        "MySQL or MariaDB",
        in_file("mysql", "MysqlConfig", "probe_mysql"),
        up_means="accepts the login and answers the query",
    ),
    "redis": ProbeKind(
        "Redis",
        in_file("redis", "RedisConfig", "probe_redis"),
        up_means="answers `PONG` and is not loading",
    ),
    "smtp": ProbeKind(
        "Mail server (SMTP)",
        in_file("smtp", "SmtpConfig", "probe_smtp"),
        up_means="greets with 220 and answers EHLO; with `starttls`, the certificate is valid too",
    ),
    "host_metrics": ProbeKind(
        "Machine: disks, load, memory",
        in_file("host_metrics", "HostMetricsConfig", "probe_host_metrics"),
        over_ssh=True,
        up_means="over SSH: disks, inodes, load and memory are within their limits",
    ),
    "cron": ProbeKind(
        "Cron jobs",
        in_file("cron", "CronConfig", "probe_cron"),
        over_ssh=True,
        up_means="over SSH: the daemon runs, the job's file is fresh, its unit succeeded",
    ),
    "heartbeat": ProbeKind(
        "Heartbeat",
        in_file("heartbeat", "HeartbeatConfig", "probe_heartbeat"),
        interval_seconds=600,
        receives=True,
        up_means="the job has reported in time, and not a failure",
    ),
}


def prepare(kinds: Iterable[str]) -> None:
    """Import the files of these kinds, which takes up to half a second where it was not done.

    Settings that are missing are reported where they are used.
    """
    for kind in PROBES.keys() & kinds:
        with suppress(ImportError):
            PROBES[kind].parts()


class CannotLook(Exception):
    """A service cannot be looked at as it is configured; the text says why."""


Definition = tuple[ProbeKind, ProbeConfig, SshTarget]
"""What looks at a service, how, and who logs in at its host."""


def read_definition(kind: str, config: Any, ssh: Any) -> Definition:
    """From what is stored of a service and its host, ``config`` and ``ssh`` sealed.

    Raises:
        CannotLook: the kind is not known, or what is stored cannot be used.
    """
    known = PROBES.get(kind)
    if known is None:
        raise CannotLook(f"unknown kind of service: {kind}")
    try:
        access = SshTarget.read(crypto.unseal(ssh) if known.over_ssh else None, None)
        return known, known.config.model_validate(crypto.unseal(config)), access
    except (ValidationError, Invalid) as error:
        why = f"the service's configuration cannot be used: {what_is_wrong(error)}"
        raise CannotLook(why) from None
    except ImportError as error:
        raise CannotLook(f"what looks at this kind cannot be loaded: {error}") from None


async def run(
    kind: ProbeKind,
    config: ProbeConfig,
    target: Target,
    *,
    timeout: float,
    degraded_above_ms: int | None = None,
    reach: Reach = ANYWHERE,
) -> Outcome:
    """Look once, for at most ``timeout`` seconds. Never raises: a failure is an outcome too.

    Only what is within ``reach`` is connected to; where that is nothing, nothing is known.

    The probe is given the timeout to end by itself with a message that names the phase; the limit
    here is the last resort. A failure later than both was this process's own, which is no data.
    """
    began_at, started = clock.utcnow(), time.perf_counter()
    with within(reach):
        if config.family == AUTO:
            outcome = await _looked(kind, config, target, timeout)
        else:
            look = partial(_looked, kind, config, target, timeout)
            outcome = await look_over(config.family, look)
    if outcome.status is not Status.DOWN:
        return judge_speed(outcome, degraded_above_ms)
    # While a machine sleeps, the steady clock stands still and connections break.
    taken = max(time.perf_counter() - started, (clock.utcnow() - began_at).total_seconds())
    if taken > timeout + MARGIN_SECONDS + STALLED_SECONDS:
        return unknown(
            "this monitor was too busy to look: "
            f"a check of at most {timeout:g} s took {taken:.1f} s"
        )
    return outcome


async def _looked(kind: ProbeKind, config: ProbeConfig, target: Target, timeout: float) -> Outcome:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(timeout + MARGIN_SECONDS):
            return await kind.probe(config, target, timeout)
    except NotAllowed as error:
        return unable(f"this service cannot be looked at: {error}")
    except NotJudged as error:
        return unknown(f"this service was not looked at: {error}")
    except TimeoutError:
        return down(f"no answer within {timeout:g} s", response_us=_microseconds_since(started))
    except Exception as error:
        # The one place where a probe's own fault is caught: it must not end the worker.
        log.exception("probe %s failed", kind.title)
        return down(f"the check itself failed: {type(error).__name__}")


def _microseconds_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1_000_000)


def judge_speed(outcome: Outcome, degraded_above_ms: int | None) -> Outcome:
    """An answer that is right but slower than allowed means difficulties."""
    if degraded_above_ms is None or outcome.response_us is None or outcome.status is not Status.UP:
        return outcome
    taken_ms = outcome.response_us / 1000
    if taken_ms <= degraded_above_ms:
        return outcome
    message = f"slow: {taken_ms:.0f} ms, allowed are {degraded_above_ms} ms"
    return replace(outcome, status=Status.DEGRADED, message=message)
