"""Look at a service outside the worker's rounds; nothing is stored."""

from dataclasses import replace

from webmon import probes
from webmon.commands.networks import reach
from webmon.probes import CannotLook
from webmon.probes.base import Outcome, Target, unable
from webmon.queries.inventory.definitions import DefinitionView


async def look(service: DefinitionView) -> Outcome:
    """What its probe sees now, within what may be looked at for it."""
    try:
        kind, config, ssh = probes.read_definition(service.kind, service.config, service.ssh)
    except CannotLook as error:
        return unable(str(error))
    return await probes.run(
        kind,
        config,
        Target(
            service.address,
            heartbeat=service.heartbeat,
            ssh=replace(ssh, host_keys=service.host_keys),
        ),
        timeout=service.timeout_seconds,
        degraded_above_ms=service.degraded_above_ms,
        reach=reach(service.networks, limited=service.limited),
    )
