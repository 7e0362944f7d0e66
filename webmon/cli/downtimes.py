"""The commands about planned downtime."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer

from webmon import clock, db
from webmon.cli.console import bring_up_to_date, plainly
from webmon.domain.durations import parse_duration
from webmon.errors import Invalid

downtime = typer.Typer(no_args_is_help=True, help="Planned downtime.")

Which = Annotated[str, typer.Argument(help="Its number, its id in the file, or its title.")]
Several = "may be given several times"

OPTIONS = {
    "duration_seconds": "duration",
    "extend_by": "by",
    **dict.fromkeys(("hosts", "host_ids"), "host"),
    **dict.fromkeys(("services", "service_ids"), "service"),
    **dict.fromkeys(("channels", "channel_ids"), "channel"),
}
"""What the fields are called here, where that is something else."""


@contextmanager
def naming_options() -> Iterator[None]:
    """Name the option that is wrong, as it is typed."""
    try:
        yield
    except Invalid as error:
        field = error.field.partition(".")[0]
        option = OPTIONS.get(field, field).replace("_", "-")
        is_option = field not in ("", "title")
        raise Invalid(error.message, f"--{option}" if is_option else field) from None


@downtime.command("list")
@plainly
def downtime_list(
    namespace: Annotated[str | None, typer.Option(help="Only this namespace.")] = None,
    past: Annotated[bool, typer.Option("--past", help="Also what is over.")] = False,
) -> None:
    """List what goes on and what is to come: number, state, time, scope and title."""
    from webmon.queries.downtimes.listing import list_downtimes

    with db.read() as session:
        found = list_downtimes(session, actor=None, now=clock.utcnow())
    shown = [*found.now, *found.next, *(found.past if past else ())]
    for each in shown:
        if namespace in (None, each.namespace):
            times = f"{_said(each.starts_at)} to {_said(each.ends_at)} UTC"
            repeats = f" [{each.rrule}]" if each.rrule else ""
            typer.echo(
                f"{each.downtime_id}: {each.state}, {times}: {each.title} "
                f"({each.namespace}: {each.scope}){repeats}"
            )


@downtime.command("add")
@plainly
def downtime_add(
    title: str,
    namespace: Annotated[str, typer.Option(help="The slug of its namespace.")],
    starts_at: Annotated[
        str, typer.Option(help="Such as 2026-12-01T22:00 in its timezone, or now.")
    ],
    host: Annotated[list[str] | None, typer.Option(help=f"A host in it; {Several}.")] = None,
    service: Annotated[
        list[str] | None, typer.Option(help=f"A service, as Host/Service; {Several}.")
    ] = None,
    whole_namespace: Annotated[
        bool, typer.Option("--whole-namespace", help="Everything in the namespace.")
    ] = False,
    duration: Annotated[str | None, typer.Option(help="How long, such as 45m.")] = None,
    ends_at: Annotated[str | None, typer.Option(help="The end, instead of how long.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Otherwise the namespace's.")] = None,
    rrule: Annotated[str, typer.Option(help="Such as FREQ=MONTHLY;BYDAY=1TU.")] = "",
    announce_before: Annotated[
        list[str] | None, typer.Option(help=f"Such as 24h; {Several}.")
    ] = None,
    message: Annotated[str, typer.Option(help="What everybody is told about it.")] = "",
    channel: Annotated[
        list[str] | None, typer.Option(help=f"Tell only this channel; {Several}.")
    ] = None,
    silence_all: Annotated[
        bool, typer.Option("--silence-all", help="Not only X and Slack keep quiet.")
    ] = False,
    finish_when_up: Annotated[
        int | None, typer.Option(help="Finish when everything was up again for so many checks.")
    ] = None,
) -> None:
    """Plan a downtime, and print its number."""
    from webmon.commands.downtimes import names, running
    from webmon.commands.downtimes.plan import plan_downtime

    bring_up_to_date()
    now = clock.utcnow()
    with naming_options(), db.write() as session:
        where = names.namespace_named(session, namespace)
        scope: dict[str, Any] = {
            "namespace_id": where.id,
            "host_ids": names.host_ids(session, where, host or ()),
            "service_ids": names.service_ids(session, where, service or ()),
            "whole_namespace": whole_namespace,
        }
        seconds = None if duration is None else _seconds(duration, "duration")
        said: dict[str, Any] = {
            "title": title,
            "message": message,
            "channel_ids": names.channel_ids(session, where, channel) if channel else None,
            "silence_all": silence_all,
            "finish_when_up": finish_when_up,
        }
        if starts_at == "now":
            length = running.EMERGENCY_SECONDS if seconds is None else seconds
            made = running.start_now(
                session, {**scope, **said}, duration_seconds=length, actor=None, now=now
            )
        else:
            said |= {
                "starts_at": starts_at,
                "ends_at": ends_at,
                "duration_seconds": seconds,
                "timezone": timezone,
                "rrule": rrule,
            }
            if announce_before is not None:
                said["announce_before"] = [
                    _seconds(each, "announce_before") for each in announce_before
                ]
            made = plan_downtime(session, {**scope, **said}, actor=None, now=now)
        number = made.id
    typer.echo(f"downtime {number} is planned: {title}")


@downtime.command("extend")
@plainly
def downtime_extend(
    which: Which, by: Annotated[str, typer.Option(help="How much longer.")] = "30m"
) -> None:
    """Let the one that goes on, else the next one, end later."""
    from webmon.commands.downtimes import names, running

    now = clock.utcnow()
    with naming_options(), db.write() as session:
        found = names.downtime_named(session, which)
        occurrence_id = names.current_occurrence(session, found, now)
        longer = _seconds(by, "by")
        ends_at = running.extend(session, occurrence_id, longer, actor=None, now=now).ends_at
        title = found.title
    typer.echo(f"{title} now ends at {_said(ends_at)} UTC")


@downtime.command("finish")
@plainly
def downtime_finish(which: Which) -> None:
    """End the one that goes on, now."""
    from webmon.commands.downtimes import names, running

    now = clock.utcnow()
    with db.write() as session:
        found = names.downtime_named(session, which)
        running.finish(session, names.current_occurrence(session, found, now), actor=None, now=now)
        title = found.title
    typer.echo(f"{title} is finished")


@downtime.command("cancel")
@plainly
def downtime_cancel(
    which: Which,
    only_next: Annotated[
        bool, typer.Option("--next", help="Only the one that goes on, or the next one.")
    ] = False,
) -> None:
    """Cancel what goes on and all that is to come of it."""
    from webmon.commands.downtimes import names, running

    now = clock.utcnow()
    with db.write() as session:
        found = names.downtime_named(session, which)
        title = found.title
        if only_next:
            occurrence_id = names.current_occurrence(session, found, now)
            running.cancel_occurrence(session, occurrence_id, actor=None, now=now)
        else:
            running.cancel_downtime(session, found.id, actor=None, now=now)
    typer.echo(f"{title} is cancelled")


def _seconds(text: str, field: str) -> int:
    try:
        return round(parse_duration(text))
    except ValueError as error:
        raise Invalid(str(error), field) from None


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
