"""The style sheets of the admin app."""

from webmon import config
from webmon.webmon import STYLES


def test_every_sheet_is_loaded_once_in_an_order_of_ours() -> None:
    sheets = [path.stem for path in (config.ROOT / "assets/admin").glob("*.css")]
    assert sorted(STYLES) == sorted(sheets)
