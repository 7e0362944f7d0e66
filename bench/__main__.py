"""`make bench`: measure, and print what the README quotes.

    python -m bench            everything, about ten minutes
    python -m bench checks     what a check costs
    python -m bench pages      what a visitor waits for
    python -m bench reads      what reading costs behind ten million results

The worker runs on one core, its target on another. CPU time is the process's own, as the kernel
counts it; the rates are what was recorded in the database.
"""

import sys

from bench import checks, pages, reads

ROWS = [
    # scheme, services, interval in seconds
    (False, 2_000, 20),
    (True, 2_000, 20),
    (False, 20_000, 20),
    (True, 8_000, 20),
    (False, 60_000, 20),
    (True, 24_000, 20),
]
SECONDS = 30


def main(wanted: list[str]) -> None:
    """Run the measurements asked for, all by default."""
    if not wanted or "checks" in wanted:
        _checks()
    if not wanted or "pages" in wanted:
        _pages()
    if not wanted or "reads" in wanted:
        _reads()


def _checks() -> None:
    say("Whole worker: claim, look over a new connection, record (SQLite)")
    say(f"{'':6} {'asked/s':>8} {'done/s':>8} {'CPU ms':>8} {'core %':>7} {'RSS MB':>7} "
        f"{'late p99':>9} {'overdue':>8} {'failed':>7}")  # fmt: skip
    for https, services, interval in ROWS:
        row = checks.measure(
            https=https, services=services, interval_seconds=interval, seconds=SECONDS
        )
        say(
            f"{'HTTPS' if https else 'HTTP':6} {row.asked_per_second:8.0f} "
            f"{row.recorded_per_second:8.1f} {row.cpu_ms_per_check:8.2f} {row.core_percent:7.1f} "
            f"{row.worker_mb:7.0f} {row.late_ms_p99:6.0f} ms {row.overdue:8} {row.failed:7}"
        )


def _pages() -> None:
    row = pages.measure(hosts=100)
    say("Public page with 100 hosts, cold visits, loopback")
    say(f"painted after {row.painted_ms:.0f} ms, {row.transferred_kb:.0f} kB transferred, "
        f"web process {row.web_mb:.0f} MB")  # fmt: skip


def _reads() -> None:
    say(f"Reading behind {reads.RAW_RESULTS:,} raw results of {reads.SERVICES} services")
    for title, rows in reads.measure():
        say(f"{title:50} {'median':>8} {'CPU':>8} {'longest':>9} {'at most':>9}")
        for row in rows:
            most = f"{row.most_ms} ms" if row.most_ms else ""
            say(
                f" {row.name:49} {row.median_ms:5.1f} ms {row.cpu_ms:5.1f} ms "
                f"{row.longest_ms:6.1f} ms {most:>9}"
            )
    say(reads.REFERENCE)


def say(line: str) -> None:
    """Print at once: the next line may take a minute."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
