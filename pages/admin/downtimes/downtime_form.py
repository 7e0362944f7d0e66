"""The forms of a downtime: all of it, one time and all that follow, or one time alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from webmon.domain.downtimes.life_cycle import TOLD_STEPS, Audience, Step
from webmon.domain.downtimes.repeats import NUMBERS, WEEKDAYS, How, Repeat, read_repeat, rule_of
from webmon.domain.durations import format_duration, parse_duration
from webmon.errors import Invalid
from webmon.queries.downtimes.choosing import ChoiceView
from webmon.ui.forms.field import FieldView, Option
from webmon.ui.forms.typed_form import FormView, Section, choices, fill, read_form

SCOPE, WHEN, DAYS, TOLD, CHANNELS, STEPS = (
    *("scope", "When", "weekdays", "Told", "channels", "Who is told, step by step"),
)
ALL, SOME = "all", "some"

HOWS = (
    Option(How.ONCE, "Once"),
    Option(How.DAILY, "Daily"),
    Option(How.WEEKLY, "Weekly"),
    Option(How.NTH, "Monthly, on a weekday such as the first Tuesday"),
    Option(How.MONTHLY, "Monthly, on a day such as the 31st"),
    Option(How.RULE, "By a rule (RFC 5545)"),
)
EVERY = FieldView("every", "Every", "number", value="1", help="2 leaves out every second one.")
UNTIL = FieldView("until", "Until", placeholder="2027-12-31", help="The last day, or never.")
COUNT = FieldView("count", "How many times", "number", placeholder="no limit")
NUMBER = FieldView(
    "number",
    "Which",
    "select",
    value="1",
    options=tuple(Option(key, word.capitalize()) for key, word in NUMBERS.items()),
)
WEEKDAY = FieldView(
    "weekday",
    "Weekday",
    "select",
    value="MO",
    options=tuple(Option(key, word) for key, word in WEEKDAYS.items()),
)
MONTHDAY = FieldView(
    "monthday",
    "Day of the month",
    "number",
    placeholder="that of the start",
    help="-1 is the last day. Months without that day are left out.",
)
RULE = FieldView(
    "rule", "Rule", required=True, placeholder="FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"
)
OF = {
    How.ONCE: (),
    How.DAILY: (EVERY, UNTIL, COUNT),
    How.WEEKLY: (EVERY, UNTIL, COUNT),
    How.NTH: (NUMBER, WEEKDAY, EVERY, UNTIL, COUNT),
    How.MONTHLY: (MONTHDAY, EVERY, UNTIL, COUNT),
    How.RULE: (RULE,),
}
TITLE = FieldView("title", "Title", required=True, placeholder="Database upgrade")
MESSAGE = FieldView(
    "message",
    "Message",
    "textarea",
    help="Everybody reads it on the public page.",
    placeholder="Short interruptions are to be expected.",
    wide=True,
)
STARTS = FieldView("starts_at", "Start", "datetime-local", required=True)
LENGTH = FieldView("duration_seconds", "Length", "duration", value="1h", placeholder="45m")
ENDS = FieldView("ends_at", "or end", "datetime-local", help="Then leave the length empty.")
TIMEZONE = FieldView("timezone", "Timezone", placeholder="that of the namespace")
BEFORE = FieldView(
    "announce_before",
    "Announce before",
    value="24h, 1h",
    help="How long before the start; separate several with commas.",
    placeholder="not beforehand",
)
SILENCE = FieldView(
    "silence_all",
    "Silence every channel",
    "checkbox",
    help="X and Slack are silent in any case.",
)
WHEN_UP = FieldView(
    "finish_when_up",
    "Finish by itself",
    "number",
    placeholder="at its end",
    help="After so many checks in a row with all of it up.",
)
WHO = FieldView(
    "told",
    "Who is told",
    "select",
    value=ALL,
    options=(
        Option(ALL, "All that want it"),
        Option(SOME, "Only some channels"),
    ),
)
AUDIENCES = (
    Option(Audience.EVERYONE, "Everyone"),
    Option(Audience.PRIVATE, "Page, Slack and e-mail"),
    Option(Audience.PAGE, "Page only"),
)
STEP_LABELS = {
    Step.ANNOUNCED: "Announcement",
    Step.REMINDED: "Reminder",
    Step.RESCHEDULED: "New time",
    Step.STARTED: "Start",
    Step.EXTENDED: "Extension",
    Step.FINISHED: "End",
    Step.STILL_DOWN: "Still down after it",
    Step.CANCELLED: "Cancellation",
}


def downtime_form(
    thing: str,
    row_id: int,
    stored: Mapping[str, Any],
    scope: Iterable[ChoiceView],
    channels: Sequence[tuple[int, str]],
) -> FormView:
    """A form for a downtime (`DowntimeFields`); ``stored`` is empty for a new one."""
    repeat = read_repeat(stored.get("rrule", ""))
    ticked = [str(each) for each in stored.get("channel_ids") or ()]
    offered = [Option(str(key), name) for key, name in channels]
    audience = stored.get("audience", {})
    steps = (
        FieldView(f"to_{step}", STEP_LABELS[step], "select", value=Audience.EVERYONE,
                  options=AUDIENCES)
        for step in TOLD_STEPS
    )  # fmt: skip
    form = FormView(
        thing=thing,
        id=row_id,
        revision=stored.get("revision", 0),
        title=f"Edit {stored['title']}" if row_id else "Plan downtime",
        submit="Save" if row_id else "Plan it",
        sections=(
            Section((TITLE, MESSAGE), title="What"),
            _scope_section(scope),
            *_when(repeat),
            Section((BEFORE, WHEN_UP, SILENCE, WHO), title=TOLD),
            *([choices(CHANNELS, "Only these channels", offered, ticked)] if offered else []),
            Section(tuple(steps), title=STEPS, folded=True),
        ),
    )
    return fill(form, _typed_values(stored, audience)) if stored else form


def time_form(stored: Mapping[str, Any]) -> FormView:
    """A form for one time of a series alone."""
    form = FormView(
        thing="time",
        id=stored["id"],
        revision=stored["revision"],
        title=f"Edit one time of {stored['title']}",
        sections=(Section((TITLE, MESSAGE, STARTS, LENGTH), title="What"),),
    )
    return fill(form, {**stored, "starts_at": _to_the_minute(stored["starts_at"])})


def _typed_values(stored: Mapping[str, Any], audience: Mapping[str, str]) -> dict[str, Any]:
    before = ", ".join(
        format_duration(each) for each in stored.get("announce_before", (86400, 3600))
    )
    return {
        **stored,
        "starts_at": _to_the_minute(stored.get("starts_at", "")),
        "announce_before": before,
        "told": ALL if stored.get("channel_ids") is None else SOME,
        **{f"to_{step}": who for step, who in audience.items()},
    }


def _to_the_minute(local: str) -> str:
    """As the browser writes it: without seconds where there are none."""
    return local.removesuffix(":00") if len(local) == 19 else local


def _scope_section(scope: Iterable[ChoiceView]) -> Section:
    return Section(tuple(map(_ticked, scope)), title="What is affected", name=SCOPE)


def _ticked(choice: ChoiceView) -> FieldView:
    label = f"{choice.label} ({choice.where})" if choice.where else choice.label
    return FieldView(f"{SCOPE}.{choice.value}", label, "checkbox", checked=True)


def _when(repeat: Repeat) -> list[Section]:
    chosen = FieldView("kind", "Repeats", "kind", value=repeat.how, options=HOWS)
    fields = tuple(
        replace(each, value=str(getattr(repeat, each.name)) or each.value, of=repeat.how)
        for each in OF[repeat.how]
    )
    sections = [Section((STARTS, LENGTH, ENDS, TIMEZONE, chosen, *fields), title=WHEN)]
    if repeat.how is How.WEEKLY:
        days = [Option(key, word) for key, word in WEEKDAYS.items()]
        sections.append(choices(DAYS, "On", days, repeat.weekdays))
    return sections


def with_repeat(form: FormView, how: Any) -> FormView:
    """The form drawn again for another way to repeat.

    Raises:
        Invalid: there is no such way.
    """
    if how not in list(How):
        raise Invalid("choose one of the ways to repeat", "kind")
    sections: list[Section] = []
    for each in form.sections:
        if each.title == WHEN:
            old = {field.name: field for field in each.fields}
            [fresh, *days] = _when(Repeat(How(how)))
            kept = tuple(
                old[field.name] if field.name in old and not field.of and field.name != "kind"
                else field
                for field in fresh.fields
            )  # fmt: skip
            sections += [replace(fresh, fields=kept), *days]
        elif each.name != DAYS:
            sections.append(each)
    return replace(form, sections=tuple(sections))


def with_scope(form: FormView, choice: ChoiceView) -> FormView:
    """The form with one thing more among what is affected."""
    return replace(
        form,
        sections=tuple(
            replace(each, fields=(*each.fields, _ticked(choice))) if each.name == SCOPE else each
            for each in form.sections
        ),
    )


def scope_values(form: FormView) -> list[str]:
    """What stands among what is affected, ticked or not."""
    for each in form.sections:
        if each.name == SCOPE:
            return [field.name.removeprefix(f"{SCOPE}.") for field in each.fields]
    return []


def read_downtime(
    form: FormView, raw: Mapping[str, Any], *, unfinished: bool = False
) -> dict[str, Any]:
    """What was typed, as `DowntimeFields`; ``unfinished`` may lack a title and what is affected.

    Raises:
        Invalid: something cannot be read.
    """
    if form.thing == "time":
        return read_form(form, raw)
    if unfinished and not raw.get("title"):
        raw = {**raw, "title": TITLE.placeholder}
    typed = read_form(form, raw)
    fields: dict[str, Any] = {
        name: typed[name]
        for name in ("title", "message", "starts_at", "ends_at", "timezone", "silence_all")
        if name in typed
    }
    if "duration_seconds" in typed:
        fields["duration_seconds"] = int(typed["duration_seconds"])
    if "finish_when_up" in typed:
        fields["finish_when_up"] = typed["finish_when_up"]
    fields["rrule"] = rule_of(_repeat(form, typed))
    fields["announce_before"] = _offsets(str(typed.get("announce_before", "")))
    fields["audience"] = {
        step.value: typed[f"to_{step}"]
        for step in TOLD_STEPS
        if typed.get(f"to_{step}", Audience.EVERYONE) != Audience.EVERYONE
    }
    some = typed.get("told") == SOME
    fields["channel_ids"] = [_number(each) for each in typed.get(CHANNELS, ())] if some else None
    chosen = typed.get(SCOPE, ())
    return fields if unfinished and not chosen else fields | affected(chosen)


def _repeat(form: FormView, typed: Mapping[str, Any]) -> Repeat:
    shown = next(each for each in form.fields() if each.name == "kind")
    how = How(typed.get("kind", shown.value)) if typed.get("kind") in list(How) else How.ONCE
    known = ("every", "number", "weekday", "monthday", "until", "count", "rule")
    chosen = {name: str(typed[name]) for name in known if name in typed}
    return Repeat(how, weekdays=tuple(typed.get(DAYS, ())), **chosen)


def _offsets(text: str) -> list[int]:
    try:
        return [int(parse_duration(each)) for each in text.split(",") if each.strip()]
    except ValueError:
        raise Invalid("write lengths such as 24h, 1h", "announce_before") from None


def affected(values: Iterable[str]) -> dict[str, Any]:
    """The ids that ``host-7-2`` and the like name; all are of one namespace."""
    found: dict[str, list[int]] = {"namespace": [], "host": [], "service": []}
    spaces: set[int] = set()
    for each in values:
        kind, number, space = (*each.split("-"), "", "")[:3]
        found.setdefault(kind, []).append(_number(number))
        spaces.add(_number(space))
    if len(spaces) > 1:
        raise Invalid("all of it must be in one namespace: plan one downtime for each", SCOPE)
    if not spaces:
        raise Invalid("choose what is affected: search for a namespace, host or service", SCOPE)
    return {
        "namespace_id": spaces.pop(),
        "whole_namespace": bool(found["namespace"]),
        "host_ids": found["host"],
        "service_ids": found["service"],
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
