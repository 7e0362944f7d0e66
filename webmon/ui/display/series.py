"""Numbers for charts, fetched by the browser from `GET /admin/api/series`.

They are not kept in the state of a page, which is sent whole again when one number changes.
"""

from typing import Any

import reflex as rx
from reflex.vars import Var, VarData
from reflex_base.utils.imports import ImportVar

# Several pieces of a page show the same series: they share one request, repeated every minute
# while the page is in view.
FOLLOW = """
const seriesAddress = {address};
const followSeries = useCallback((changed) => {{
  const all = (globalThis.followedSeries ??= {{}});
  const one = (all[seriesAddress] ??= {{value: null, users: new Set()}});
  one.users.add(changed);
  if (!one.timer) {{
    const pull = () => fetch(seriesAddress)
      .then((answer) => answer.ok ? answer.json() : null)
      .then((value) => {{
        if (!value) return;
        one.value = value;
        one.users.forEach((user) => user());
      }})
      .catch(() => {{}});
    one.timer = setInterval(() => document.hidden || pull(), 60000);
    pull();
  }}
  return () => {{
    one.users.delete(changed);
    if (!one.users.size) {{ clearInterval(one.timer); delete all[seriesAddress]; }}
  }};
}}, [seriesAddress]);
const series = useSyncExternalStore(
  followSeries, () => globalThis.followedSeries?.[seriesAddress]?.value ?? null, () => null
);
"""
HOOKS = ("useCallback", "useSyncExternalStore")


class Series:
    """What is fetched from ``address``; its parts are vars that follow it."""

    def __init__(self, address: rx.Var[str]) -> None:
        self.address = address
        own = address._get_all_var_data()
        self._data = VarData.merge(
            own,
            VarData(
                imports={"react": [ImportVar(tag=name) for name in HOOKS]},
                hooks={FOLLOW.format(address=str(address)): None},
            ),
        )

    def var(self, expression: str, of: Any) -> rx.Var[Any]:
        """A JavaScript expression over ``series`` (null until it is there), of the type ``of``."""
        return Var(_js_expr=f"({expression})", _var_type=of, _var_data=self._data).guess_type()


def response_times(service_id: rx.Var[int], chosen_range: rx.Var[str]) -> Series:
    """The response times of a service."""
    return _series("service", service_id, chosen_range)


def host_metrics(host_id: rx.Var[int], chosen_range: rx.Var[str]) -> Series:
    """What the machine of a host says about itself."""
    return _series("host", host_id, chosen_range)


def _series(of: str, number: rx.Var[int], chosen_range: rx.Var[str]) -> Series:
    begin = rx.Var.create(f"/admin/api/series?{of}=")
    return Series(begin + number.to_string() + "&range=" + chosen_range)
