"""Build the two front ends: `python -m webmon.frontend`."""

import argparse
import sys

from webmon.frontend import SITES, BuildFailed, build


def main() -> int:
    """Read the command line: which sites, and whether to build them in any case."""
    about = "Build the front ends, as far as their sources have changed."
    parser = argparse.ArgumentParser(prog="python -m webmon.frontend", description=about)
    parser.add_argument("sites", nargs="*", metavar="public|admin", help="default: both")
    parser.add_argument("--force", action="store_true", help="even if nothing changed")
    parser.add_argument("--relock", action="store_true", help="let reflex.lock change")
    arguments = parser.parse_args()
    if unknown := set(arguments.sites) - set(SITES):
        parser.error(f"there is no {', '.join(sorted(unknown))} site")
    try:
        build(arguments.force or arguments.relock, arguments.sites or SITES, arguments.relock)
    except BuildFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
