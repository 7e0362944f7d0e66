"""What is said while a site is built."""

import sys
import time
from itertools import product

STEPS = {
    "Compiling production app": "compiling the pages",
    "Installing base frontend packages": "installing the packages",
    "Creating Production Build": "bundling",
}
"""What Reflex says when it begins something, and what we say then."""

SIGN_OF_LIFE_SECONDS = 5


class Progress:
    """One plain line per step: ``[2/6] public site: installing the packages … 6 s``."""

    def __init__(self, sites: list[str]) -> None:
        self._numbers = {
            (site, words): (index, f"{site} site: {ours}")
            for index, (site, (words, ours)) in enumerate(product(sites, STEPS.items()), start=1)
        }
        self._step = 0
        self._open = False
        self._began = self._last_sign = time.monotonic()

    def heard(self, site: str, line: str) -> None:
        """Reflex said ``line``, which may begin a step; at least it is a sign of life."""
        words = next((words for words in STEPS if words in line), "")
        number, name = self._numbers.get((site, words), (0, ""))
        now = time.monotonic()
        if number > self._step:
            self.step_done()
            self._step, self._open, self._began, self._last_sign = number, True, now, now
            say(f"[{number}/{len(self._numbers)}] {name} …")
        elif self._open and now - self._last_sign > SIGN_OF_LIFE_SECONDS:
            self._last_sign = now
            say(".")

    def step_done(self) -> None:
        """End the line of the present step, if there is one."""
        if self._open:
            say(f" {time.monotonic() - self._began:.0f} s\n")
        self._open = False


def say(text: str) -> None:
    """Show ``text`` at once."""
    sys.stdout.write(text)
    sys.stdout.flush()
