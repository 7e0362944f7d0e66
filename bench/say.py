"""Printing of results."""

import sys


def say(line: str) -> None:
    """Print at once: the next line may take a minute."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
