"""The system's Chromium, driven by Playwright."""

import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright: Playwright) -> Browser:
    """A headless browser.

    Raises:
        RuntimeError: there is none; says what to install.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise RuntimeError("Chromium is missing: sudo apt-get install chromium")
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
