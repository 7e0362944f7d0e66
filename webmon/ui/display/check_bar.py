"""The last checks of a service as a bar, drawn from one letter each (`history.last_checks`)."""

import reflex as rx

from webmon.queries.history.last_checks import SHOWN

STEP = 5
HEIGHT = 18
LINES = {"u": ("up", 10), "w": ("degraded", 14), "d": ("down", 18), "-": ("unknown", 3)}
"""Letter: status, and how high its line is: what is wrong stands out by more than its colour."""

PATH = """[...{letters}].map((letter, at) => letter === '{letter}'
 ? `M${{(at + {shown} - {letters}.length) * {step}}} {top}h3v{height}h-3z` : '').join('')"""


def check_bar(letters: rx.Var[str], told: rx.Var[str]) -> rx.Component:
    """The bar; ``told`` says it in words. The latest check is on the right."""
    return rx.el.svg(
        *(
            rx.el.path(d=_path(letters, letter, height), custom_attrs={"data-status": status})
            for letter, (status, height) in LINES.items()
        ),
        view_box=f"0 0 {SHOWN * STEP} {HEIGHT}",
        role="img",
        class_name="check-bar",
        custom_attrs={"aria-label": told, "preserveAspectRatio": "none"},
    )


def _path(letters: rx.Var[str], letter: str, height: int) -> rx.Var[str]:
    drawn = PATH.format(
        letters=letters, letter=letter, shown=SHOWN, step=STEP, height=height, top=HEIGHT - height
    )
    return rx.Var(drawn, _var_type=str)
