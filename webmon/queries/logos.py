"""The logos of the public page."""

from base64 import b64decode
from dataclasses import dataclass

from sqlmodel import Session, col, select

from webmon.models import Host, Logo, Namespace, Service


@dataclass(frozen=True, slots=True)
class LogoView:
    """A picture as it is served; ``digest`` changes with it."""

    media_type: str
    picture: bytes
    digest: str


def public_logo(session: Session, namespace: str) -> LogoView | None:
    """The logo of the namespace with this slug, if the public page shows that namespace; of the
    installation where the slug is empty."""
    wanted = select(Logo)
    if namespace:
        key = col(Namespace.id)
        shown = select(Host.namespace_id).join(Service).where(Host.public, Service.public)
        private = select(Host.namespace_id).where(~col(Host.public))
        wanted = wanted.join(Namespace).where(
            Namespace.slug == namespace, key.in_(shown) | key.not_in(private)
        )
    else:
        wanted = wanted.where(col(Logo.namespace_id).is_(None))
    row = session.exec(wanted.limit(1)).first()
    if row is None:
        return None
    return LogoView(row.media_type, b64decode(row.picture), row.digest)


def logo_digests(session: Session) -> dict[str, str]:
    """The digests of all logos, by slug; that of the installation has the empty one."""
    rows = select(Namespace.slug, Logo.digest).select_from(Logo).join(Namespace, isouter=True)
    return {slug or "": digest for slug, digest in session.exec(rows)}
