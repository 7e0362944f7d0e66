"""Build the pages without Emotion: all styles are in style sheets, so that it is 8 kB for nothing.

Reflex draws every element with Emotion's ``jsx``, which is React's ``createElement`` but for the
property ``css``. What little of that there is (Reflex's own pages for errors) becomes a ``style``.
"""

from collections.abc import Callable
from typing import Any

from reflex.plugins import Plugin

CONFIG, MODULE = "vite.config.js", "plain-elements.js"
ANCHOR = "alias: ["
ALIAS = f"""
      {{
        find: /^@emotion\\/react$/,
        replacement: fileURLToPath(new URL("./{MODULE}", import.meta.url)),
      }},"""

JSX = """import { createElement } from "react";

export const jsx = (type, props, ...children) => {
  if (!props?.css) return createElement(type, props, ...children);
  const { css, ...others } = props;
  return createElement(type, { ...others, style: { ...css, ...others.style } }, ...children);
};
"""


class PlainElementsPlugin(Plugin):
    """Replaces Emotion's ``jsx`` in a build."""

    def pre_compile(self, **context: Any) -> None:
        """Have Vite find our module where Emotion is imported; called by Reflex."""
        add: Callable[[str, Callable[[str], str]], None] = context["add_modify_task"]
        context["add_save_task"](lambda: (MODULE, JSX))
        add(CONFIG, aliased)


def aliased(source: str) -> str:
    """Vite's settings with the alias among them.

    Raises:
        RuntimeError: this version of Reflex keeps its aliases elsewhere.
    """
    if ALIAS in source:
        return source
    if source.count(ANCHOR) != 1:
        raise RuntimeError(f"expected the aliases of {CONFIG} in exactly one place")
    return source.replace(ANCHOR, ANCHOR + ALIAS)
