"""The registry of service kinds, and `run`, which never raises.

A new kind is one file (a pydantic config and one function) and one line here.
"""

import asyncio
import logging
import time
from concurrent.futures import Executor
from dataclasses import replace

from webmon.domain.status import Status
from webmon.probes.base import Outcome, ProbeConfig, ProbeKind, Target, down
from webmon.probes.dns import DnsConfig, probe_dns
from webmon.probes.heartbeat import HeartbeatConfig, probe_heartbeat
from webmon.probes.http import HttpConfig, probe_http
from webmon.probes.mysql import MysqlConfig, probe_mysql
from webmon.probes.ping import PingConfig, probe_ping
from webmon.probes.postgres import PostgresConfig, probe_postgres
from webmon.probes.redis import RedisConfig, probe_redis
from webmon.probes.smtp import SmtpConfig, probe_smtp
from webmon.probes.tcp import TcpConfig, probe_tcp
from webmon.probes.tls import TlsConfig, probe_tls

log = logging.getLogger(__name__)

PROBES: dict[str, ProbeKind] = {
    "http": ProbeKind("Web page", HttpConfig, probe_http),
    "tls": ProbeKind("Certificate (TLS)", TlsConfig, probe_tls, interval_seconds=3600),
    "tcp": ProbeKind("TCP port", TcpConfig, probe_tcp),
    "ping": ProbeKind("Ping", PingConfig, probe_ping),
    "dns": ProbeKind("DNS record", DnsConfig, probe_dns),
    "postgres": ProbeKind("PostgreSQL", PostgresConfig, probe_postgres),
    "mysql": ProbeKind("MySQL or MariaDB", MysqlConfig, probe_mysql),
    "redis": ProbeKind("Redis", RedisConfig, probe_redis),
    "smtp": ProbeKind("Mail server (SMTP)", SmtpConfig, probe_smtp),
    "heartbeat": ProbeKind(
        "Heartbeat", HeartbeatConfig, probe_heartbeat, interval_seconds=600, receives=True
    ),
}


async def run(
    kind: ProbeKind,
    config: ProbeConfig,
    target: Target,
    *,
    timeout: float,
    degraded_above_ms: int | None = None,
    executor: Executor | None = None,
) -> Outcome:
    """Look once, for at most ``timeout`` seconds; whatever happens is an outcome.

    The probe is given the timeout to end by itself with a message that names the phase; the limit
    here is the last resort. ``executor`` runs blocking probes (default: the loop's own).
    """
    started = time.perf_counter()
    try:
        async with asyncio.timeout(timeout + 0.5):
            if kind.probe is not None:
                outcome = await kind.probe(config, target, timeout)
            else:
                assert kind.blocking_probe is not None
                loop = asyncio.get_running_loop()
                outcome = await loop.run_in_executor(
                    executor, kind.blocking_probe, config, target, timeout
                )
    except TimeoutError:
        return down(f"no answer within {timeout:g} s", response_us=_microseconds_since(started))
    except Exception as error:
        # The one place where a probe's own fault is caught: it must not end the worker.
        log.exception("probe %s failed", kind.title)
        return down(f"the check itself failed: {type(error).__name__}")
    return judge_speed(outcome, degraded_above_ms)


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
