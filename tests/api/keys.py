"""Two namespaces with a tool each, and API keys that see one or both."""

from datetime import datetime

from sqlmodel import Session

from tests import factories
from tests.clock import MINUTE
from webmon.commands.accounts.api_keys import add_key
from webmon.domain.accounts.api_keys import Scope
from webmon.models import Incident


def add_tools(session: Session, now: datetime) -> dict[str, int]:
    """A host with a service that is down in each of ``iati`` and ``di``: the namespaces' ids."""
    spaces = {}
    for slug in ("iati", "di"):
        spaces[slug] = factories.namespace(session, slug).id
        host = factories.host(session, f"Tool of {slug}", namespace_id=spaces[slug])
        service = factories.service(session, f"Page of {slug}", host_id=host.id)
        session.add(Incident(service_id=service.id, opened_at=now - MINUTE))
    return spaces


def add_keys(session: Session, now: datetime) -> dict[str, str]:
    """A key that reads, one that writes, and one that writes in ``iati`` alone, by their names."""
    return {
        name: add_key(session, name, scope, namespaces=slugs, actor=None, now=now)
        for name, scope, slugs in (
            ("read", Scope.READ, ()),
            ("write", Scope.WRITE, ()),
            ("iati", Scope.WRITE, ("iati",)),
        )
    }
