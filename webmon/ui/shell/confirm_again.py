"""The question who one is, before something weighty: asked beside the page, whose forms stay.

What is typed goes to `POST /auth/confirm`, never through the state of the app.
"""

import reflex as rx
from reflex.vars import Var
from reflex_components_core.base.fragment import Fragment

from webmon.ui.display.native import NativeForm, NativeLink
from webmon.ui.shell.live import REACT, NativeDialog
from webmon.ui.shell.look import LookState
from webmon.ui.states.private import ask_again

SEND = """
useEffect(() => {
  const dialog = document.getElementById('again');
  const form = dialog?.querySelector('form');
  const said = dialog?.querySelector('[role=alert]');
  const send = (event) => {
    event.preventDefault();
    said.textContent = '';
    const body = new URLSearchParams(new FormData(form));
    event.submitter?.setAttribute('aria-busy', 'true');
    fetch('/auth/confirm', {method: 'POST', body}).then(async (answer) => {
      if (answer.status === 204) { form.reset(); dialog.close(); }
      else said.textContent = answer.status < 500 ? await answer.text() : 'That failed. Try again.';
    }, () => { said.textContent = 'The server cannot be reached.'; })
      .finally(() => event.submitter?.removeAttribute('aria-busy'));
  };
  const leave = () => { form.reset(); said.textContent = ''; dialog.close(); };
  const button = dialog?.querySelector('[type=button]');
  const away = (event) => {
    const here = encodeURIComponent(location.pathname + location.search);
    event.target.closest('a')?.setAttribute('href', `/auth/oidc?again=1&next=${here}`);
  };
  dialog?.addEventListener('click', away);
  form?.addEventListener('submit', send);
  button?.addEventListener('click', leave);
  return () => {
    dialog?.removeEventListener('click', away);
    form?.removeEventListener('submit', send);
    button?.removeEventListener('click', leave);
  };
}, []);
"""


class Sends(Fragment):
    """Sends the form, and closes the question."""

    def add_hooks(self) -> list[str | Var]:
        """One effect."""
        return [Var(SEND, _var_data=REACT)]


def mistake_of_form(error: rx.Var[str], must_confirm: rx.Var[bool]) -> rx.Component:
    """What the server said of a plain form; where it asks who one is, with a button for that."""
    button = rx.el.button(
        "Say who you are", type="button", class_name="button small", on_click=ask_again
    )
    said = rx.el.div(
        rx.el.p(error), rx.cond(must_confirm, button), class_name="notice", role="alert"
    )
    return rx.cond(error != "", said)


def confirm_again() -> rx.Component:
    """Stands on every page; `webmon.ui.states.private.ask_again` opens it."""
    return rx.fragment(
        NativeDialog.create(
            rx.el.h2("Is it you?", id="again-title"),
            rx.el.p("This needs you to say again who you are. Then press the button once more."),
            NativeForm.create(
                rx.cond(
                    LookState.look.has_factor,
                    _field("Code of your app, or a recovery code", "code", "one-time-code", "text"),
                    rx.cond(
                        LookState.look.by_provider,
                        rx.el.p(
                            NativeLink.create("Ask your organisation", href="/auth/oidc?again=1"),
                            " to confirm it. You come back here.",
                        ),
                        _field("Your password", "password", "current-password", "password"),
                    ),
                ),
                rx.el.p(class_name="mistake", role="alert"),
                rx.el.div(
                    rx.el.button("Cancel", type="button", class_name="button"),
                    rx.cond(
                        LookState.look.by_provider & ~LookState.look.has_factor,
                        rx.fragment(),
                        rx.el.button("Confirm", type="submit", class_name="button primary"),
                    ),
                    class_name="form-actions",
                ),
                action="/auth/confirm",
                method="post",
            ),
            id="again",
            custom_attrs={"aria-labelledby": "again-title"},
        ),
        Sends.create(),
    )


def _field(label: str, name: str, complete: str, kind: str) -> rx.Component:
    return rx.el.label(
        label,
        rx.el.input(
            name=name, type=kind, required=True, auto_complete=complete, class_name="control"
        ),
        class_name="label",
    )
