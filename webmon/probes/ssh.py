"""The `ssh` probe: a server that speaks SSH, and is the one it was; and what all such kinds share.

What is common: no credentials are sent before the host's key is found to be the pinned one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import Field

from webmon.domain.checks.status import Status
from webmon.probes.base import Outcome, Phases, Target, down, unable, unknown, up
from webmon.probes.host_key import PINNED_KEY, ChangedHostKey, compare
from webmon.probes.over_ssh.client import NoCommonAlgorithm, SshError
from webmon.probes.over_ssh.commands import REFUSED, OverSsh, Section, sections
from webmon.probes.over_ssh.session import Connection, connection_to
from webmon.probes.wire.addresses import Unreachable
from webmon.probes.wire.families import AddressFamily
from webmon.probes.wire.texts import excerpt, milliseconds, quoted

MOST_MESSAGE_CHARACTERS = 300
MOST_VERDICT_CHARACTERS = 1000
"""Of a command's: one path may take half of it."""

NO_ACCESS = "the host has no SSH access: give it a user, and a key or a password"


class SshConfig(OverSsh):
    """An SSH server; with ``login`` the host's user logs in as well."""

    port: int = Field(default=22, title="Port", ge=1, le=65535)
    login: bool = Field(
        default=False, title="Log in", description="With the user and key or password of the host"
    )
    address_family: AddressFamily = "auto"

    @property
    def needs_login(self) -> bool:
        """See `ProbeConfig.needs_login`."""
        return self.login


OUTDATED = "the line in authorized_keys does not allow this check: install the present line"

Judge = Callable[[Mapping[str, Section]], tuple[Status, str, dict[str, Any]]]


async def probe_ssh(config: SshConfig, target: Target, timeout: float) -> Outcome:
    """Connect and exchange keys, within ``timeout`` seconds; nothing a server does raises."""
    access = target.ssh.access
    if config.login and access is None:
        return unable(NO_ACCESS)

    async def talk(connection: Connection) -> Outcome:
        if config.login and access is not None:
            await connection.log_in()
        taken_us = sum(connection.times.values())
        did = f"takes logins of {access.user}" if config.login and access else "answers"
        message = f"{connection.endpoint} {did}, in {milliseconds(taken_us)}"
        return up(message, taken_us)

    return await visit(config, target, config.port, timeout, talk)


async def probe_by_command(
    config: OverSsh, target: Target, timeout: float, judge: Judge
) -> Outcome:
    """Log in, run the config's command, and let ``judge`` tell what its sections mean."""
    access, command = target.ssh.access, config.command
    assert command is not None
    if access is None:
        return unable(NO_ACCESS)

    async def talk(connection: Connection) -> Outcome:
        await connection.log_in()
        output = await connection.run(command)
        found = sections(output)
        if REFUSED in found:
            return down(OUTDATED)
        if "end" not in found:
            said = f": {quoted(output)}" if output.strip() else " and said nothing"
            return down(
                f"the host did not run the commands{said}",
                evidence={"output": excerpt(output)},
            )
        status, message, evidence = judge(found)
        running = connection.running(command)
        taken_us = sum(connection.times.values()) + (running.taken_us if running else 0)
        return Outcome(
            status, excerpt(message, MOST_VERDICT_CHARACTERS), taken_us, evidence=evidence
        )

    return await visit(config, target, access.port, timeout, talk)


async def visit(
    config: OverSsh,
    target: Target,
    port: int,
    timeout: float,
    talk: Callable[[Connection], Awaitable[Outcome]],
) -> Outcome:
    """Use the host's connection, within ``timeout`` seconds, once its key is the right one."""
    host = target.address.strip()
    if not host:
        return unable("the host has no address")
    pinned, access = target.ssh.pinned_at(port), target.ssh.access
    connection: Connection | None = None
    try:
        async with (
            asyncio.timeout(timeout),
            connection_to(host, port, access, pinned["type"] if pinned else None) as connection,
        ):
            await connection.open()
            compare(port, pinned, connection.host_key)
            outcome = await talk(connection)
    except TimeoutError:
        assert connection is not None
        outcome = _too_late(connection, config, timeout)
    except ChangedHostKey as error:
        outcome = down(str(error), evidence={PINNED_KEY: error.pinned_key})
    except NoCommonAlgorithm as error:
        text = f"this monitor cannot look: {error}; that says nothing about the server"
        outcome = unknown(excerpt(text, MOST_MESSAGE_CHARACTERS))
    except (Unreachable, SshError) as error:
        outcome = down(excerpt(str(error), MOST_MESSAGE_CHARACTERS))
    return _with_facts(outcome, connection, pinned)


def _too_late(connection: Connection, config: OverSsh, timeout: float) -> Outcome:
    running = connection.running(config.command)
    if running is not None and not running.started:
        return unknown(
            f"no thread was free within {timeout:g} s: raise WEBMON_WORKER_THREADS, "
            "or look at fewer hosts over SSH, or less often"
        )
    step = connection.step if running is None else running.step
    return down(f"no answer within {timeout:g} s ({step})")


def _with_facts(
    outcome: Outcome, connection: Connection | None, pinned: Mapping[str, str] | None
) -> Outcome:
    """The outcome with what every look over SSH has seen."""
    if connection is None:
        return outcome
    times = connection.times
    facts = dict(connection.evidence)
    for phase in ("key_exchange", "login"):
        if phase in times:
            facts[f"{phase}_ms"] = round(times[phase] / 1000, 3)
    facts["key_exchange"] = facts.pop("key_exchange", "")
    seen = connection.host_key
    return Outcome(
        outcome.status,
        outcome.message,
        outcome.response_us,
        Phases(times.get("dns"), times.get("connect"), None, times.get("banner")),
        {**{name: value for name, value in facts.items() if value != ""}, **outcome.evidence},
        host_key=seen if pinned is None else None,
    )
