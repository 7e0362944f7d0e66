"""Locks on the states of services, taken in one order by everything that changes them; and on what
something is added to."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, SQLModel

from webmon.models import ServiceState
from webmon.models.columns import table

Model = TypeVar("Model", bound=SQLModel)

state = table(ServiceState).c


def lock_services(session: Session, service_ids: Any) -> Sequence[int]:
    """Lock these services (ids, or a select of them) against their checks being recorded.

    Returns the ids of those that exist.

    Everything that changes or deletes services locks their states first, in one order, as
    `commands.checks.record` does: so neither waits for the other for ever.
    """
    return session.scalars(
        select(state.service_id)
        .where(state.service_id.in_(service_ids))
        .order_by(state.service_id)
        .with_for_update()
    ).all()


def lock_states(session: Session, which: ColumnElement[bool]) -> None:
    """Lock these states in the one order of all writers."""
    session.execute(
        select(state.service_id).where(which).order_by(state.service_id).with_for_update()
    ).all()


def hold(session: Session, model: type[Model], row_id: int) -> Model | None:
    """The row, which nobody deletes until the transaction ends; None where it is gone.

    Who adds something to it begins with this, and learns so that it was just deleted. Others may
    change it meanwhile, and add to it.
    """
    how: dict[str, Any] = {"read": True, "key_share": True}
    return session.get(model, row_id, populate_existing=True, with_for_update=how)
