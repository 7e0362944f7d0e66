"""`python -m webmon.cli`."""

from webmon.cli import main

main()
