"""What may be looked at, and told, for whom: where the policy is stored.

The policy itself: `domain.checks.networks`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import Session

from webmon import config
from webmon.domain.accounts.access import Actor
from webmon.domain.checks.networks import Reach, parse_address, reach_of
from webmon.errors import Invalid
from webmon.models import Namespace


def is_limited(actor: Actor | None) -> bool:
    """Whether what this person chooses to look at needs a network that was allowed to them."""
    return actor is not None and actor.namespace_ids is not None


def reach(networks: Iterable[str], *, limited: bool) -> Reach:
    """What may be looked at here; ``networks`` are those of the namespace."""
    private = config.settings().private_networks == "allow"
    return reach_of(networks=networks, limited=limited, private=private)


def require_reachable(
    session: Session, namespace_id: int | None, places: Mapping[str, str], *, limited: bool
) -> None:
    """Refuse addresses that would not be connected to; ``places`` has them by their field.

    A name is judged later, each time that it is looked up.

    Raises:
        Invalid: with the field.
    """
    found = session.get(Namespace, namespace_id) if namespace_id is not None else None
    allowed = reach(found.networks if found is not None else (), limited=limited)
    for field, host in places.items():
        if parse_address(host) is not None and (because := allowed.refusal(host.strip("[] "))):
            raise Invalid(because, field)


def places_of(config: Any, address: str) -> dict[str, str]:
    """The hosts that a service looks at, by the field that names them."""
    places = {f"config.{name}": host for name, host in config.places.items()}
    return places | ({"kind": address} if config.needs_address else {})
