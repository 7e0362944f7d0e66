"""The logo of the installation, and of namespaces: shown on the public page."""

from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlmodel import Session, select

from webmon.commands.accounts.activity import write_entry
from webmon.commands.accounts.snapshots import Snapshot
from webmon.domain.accounts.access import Actor, Role, require, require_confirmed
from webmon.domain.logos import media_type
from webmon.errors import Invalid, NotFound, PermissionDenied
from webmon.models import Logo, Namespace


def save_logo(
    session: Session, namespace: str, picture: bytes, *, actor: Actor | None, now: datetime
) -> None:
    """Give the namespace with this slug a logo, or the installation where it is empty. An empty
    picture removes the current one.

    Raises:
        Invalid: it is no picture that can be one (``logo``).
        NotFound: there is no such namespace.
        PermissionDenied: the actor is no admin of all namespaces.
        ConfirmationNeeded.
    """
    if actor is not None:
        require(actor, Role.ADMIN)
        if actor.namespace_ids is not None:
            raise PermissionDenied("this needs access to all namespaces")
    require_confirmed(actor, now=now)
    owner = _namespace(session, namespace) if namespace else None
    key = owner.id if owner is not None else None
    present = session.exec(select(Logo).where(Logo.namespace_id == key).with_for_update()).first()
    before = _told(present)
    if picture:
        _store(session, present, key, picture)
    elif present is not None:
        session.delete(present)
    session.flush()
    after = _told(session.exec(select(Logo).where(Logo.namespace_id == key)).first())
    if before != after:
        name = f"the logo of {owner.name}" if owner is not None else "the logo"
        changes = {"logo": [before, after]}
        write_entry(
            session, "changed", "setting", Snapshot(None, name, key, {}), None, changes,
            actor=actor, now=now,
        )  # fmt: skip


def _store(session: Session, present: Logo | None, key: int | None, picture: bytes) -> None:
    try:
        fields: dict[str, Any] = {"media_type": media_type(picture)}
    except ValueError as error:
        raise Invalid(str(error), "logo") from None
    fields |= {"picture": b64encode(picture).decode(), "digest": sha256(picture).hexdigest()}
    if present is None:
        session.add(Logo(namespace_id=key, **fields))
    else:
        present.sqlmodel_update(fields)


def _namespace(session: Session, slug: str) -> Namespace:
    found = session.exec(select(Namespace).where(Namespace.slug == slug).with_for_update()).first()
    if found is None:
        raise NotFound("this namespace does not exist")
    return found


def _told(logo: Logo | None) -> str | None:
    return f"{logo.media_type} {logo.digest[:12]}" if logo is not None else None
