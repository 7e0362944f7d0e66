"""Pieces of browser code that stand in a page without an element of their own."""

from typing import Any

from reflex_base.components.memoize_helpers import get_memoized_event_triggers
from reflex_components_core.base.fragment import Fragment


class Hooked(Fragment):
    """Nothing to see: its hooks call its events, which are no properties of an element."""

    @classmethod
    def create(cls, *children: Any, **props: Any) -> Any:
        """See `WindowEventListener` of Reflex, which does the same with its triggers."""
        component = super().create(*children, **props)
        component.event_triggers = {
            **component.event_triggers,
            **get_memoized_event_triggers(component),
        }
        return component

    def _exclude_props(self) -> list[str]:
        return [*super()._exclude_props(), *self.event_triggers]
