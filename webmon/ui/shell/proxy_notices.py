"""What the admin app says of its connection: no answer, no sockets, or a proxy not believed."""

from typing import Any

import reflex as rx
from reflex.vars import Var, VarData
from reflex_base.utils.imports import ImportVar
from reflex_components_core.base.fragment import Fragment

REACT = VarData(imports={"react": [ImportVar(tag="useEffect")]})

# Drawn while there is no socket. Where the page is answered all the same, again and again, it is
# not the server that is away.
LOOK_FOR_SERVER = """
useEffect(() => {
  let answered = 0;
  const say = (without) => {
    document.getElementById('server-away').hidden = without;
    document.getElementById('no-sockets').hidden = !without;
  };
  const request = {method: 'HEAD', redirect: 'manual', cache: 'no-store'};
  const look = () => fetch(location.pathname, request)
    .then((answer) => { answered = answer.ok ? answered + 1 : 0; })
    .catch(() => { answered = 0; })
    .finally(() => { if (document.getElementById('no-sockets')) say(answered > 2); });
  const timer = setInterval(look, 3000);
  return () => clearInterval(timer);
}, []);
"""

ASK_FOR_PROXY = """
useEffect(() => {
  fetch('/admin/api/proxy', {redirect: 'manual', cache: 'no-store'})
    .then((answer) => answer.json())
    .then((proxy) => { document.getElementById('unbelieved-proxy').hidden = !proxy.unbelieved; })
    .catch(() => {});
}, []);
"""


class _LookForServer(Fragment):
    def add_hooks(self) -> list[str | Var[Any]]:
        """One effect, while it is in the page."""
        return [Var(LOOK_FOR_SERVER, _var_data=REACT)]


class _AskForProxy(Fragment):
    def add_hooks(self) -> list[str | Var[Any]]:
        """One effect, when the page is drawn for the first time."""
        return [Var(ASK_FOR_PROXY, _var_data=REACT)]


def connection_notice() -> rx.Component:
    """Why the page shows the last known state."""
    return rx.fragment(
        rx.el.p(
            "The server does not answer. You see the last known state; "
            "the page continues by itself when the server is back.",
            id="server-away",
            class_name="notice away",
            role="status",
        ),
        rx.el.p(
            "The server answers, but no WebSocket gets through. The proxy in front does not pass "
            "WebSockets on, or changes the Host header: see “Behind a proxy” in "
            "docs/operations.md.",
            id="no-sockets",
            class_name="notice away",
            role="status",
            hidden=True,
        ),
        _LookForServer.create(),
    )


def proxy_notice() -> rx.Component:
    """That everybody seems to have the proxy's address."""
    return rx.fragment(
        rx.el.p(
            "A proxy in front reports who asks, and is not believed: everybody seems to have its "
            "address. Set WEBMON_TRUSTED_PROXIES: see “Behind a proxy” in docs/operations.md.",
            id="unbelieved-proxy",
            class_name="notice",
            hidden=True,
        ),
        _AskForProxy.create(),
    )
