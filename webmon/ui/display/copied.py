"""A text to be used elsewhere, with a button that copies it."""

import reflex as rx

# The clipboard belongs to pages that came over TLS or from this machine; elsewhere the text is
# selected and the browser's older command copies it.
COPY = """(() => {{
  const at = document.getElementById('{id}'), button = document.getElementById('{id}-copy');
  const select = () => {{
    getSelection().selectAllChildren(at);
    return document.execCommand('copy');
  }};
  const say = (text) => {{
    button.textContent = text;
    setTimeout(() => {{ button.textContent = 'Copy'; }}, 2000);
  }};
  const written = navigator.clipboard?.writeText(at.textContent) ?? Promise.reject();
  written.then(() => true, select).then((done) => say(done ? 'Copied' : 'Press Ctrl-C'));
}})()"""


def copied(text: rx.Var[str], *, element_id: str, label: str) -> rx.Component:
    """``text`` as it is, in a box that wraps it; ``label`` says what it is."""
    return rx.el.div(
        rx.el.code(
            text,
            id=element_id,
            class_name="copied-text",
            tab_index=0,
            role="textbox",
            custom_attrs={"aria-label": label, "aria-readonly": True},
        ),
        rx.el.button(
            "Copy",
            type="button",
            id=f"{element_id}-copy",
            class_name="button small",
            on_click=rx.call_script(COPY.format(id=element_id)),
            aria_live="polite",
            custom_attrs={"aria-description": label},
        ),
        class_name="copied",
    )
