"""The pages are built without Emotion."""

import pytest

from webmon.ui.plain_elements import ALIAS, ANCHOR, aliased


def test_vite_finds_our_module_instead() -> None:
    settings = f"resolve: {{ {ANCHOR} {{ find: '$' }} ] }}"
    changed = aliased(settings)
    assert changed.replace(ALIAS, "") == settings
    assert aliased(changed) == changed
    with pytest.raises(RuntimeError, match="exactly one place"):
        aliased("resolve: {}")
