"""Elements that the browser or the server works with, and Reflex leaves alone."""

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML


class NativeForm(BaseHTML):
    """A form that the browser itself sends; Reflex's own always prevents that."""

    tag = "form"

    action: rx.Var[str]
    method: rx.Var[str]


class NativeLink(BaseHTML):
    """A link that the browser follows by loading the page; Reflex's own stay inside the app."""

    tag = "a"

    href: rx.Var[str]


class RawHTML(BaseHTML):
    """A place for finished HTML. What the server has put there before the page starts stays."""

    tag = "div"

    dangerouslySetInnerHTML: rx.Var[dict[str, str]]
    suppressHydrationWarning: rx.Var[bool]

    @classmethod
    def create(cls, html: str = "", **props: Any) -> "RawHTML":
        """A ``div`` that holds ``html``."""
        return super().create(
            dangerouslySetInnerHTML={"__html": html}, suppressHydrationWarning=True, **props
        )
