"""Charts over time, drawn by recharts: at most 300 points, read by mouse, touch and arrow keys.

In a module of its own, because only pages that import it load the library.
"""

from typing import Any, TypedDict

import reflex as rx

from webmon.ui.display.chart_tables import Row, as_table, download
from webmon.ui.display.series import Series, host_metrics, response_times

HEIGHT = 240
TIME = """(at) => new Date(at * 1000).toLocaleString('en-GB',
  {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit',
   timeZone: document.documentElement.dataset.zone || undefined})"""
MILLISECONDS = "(ms) => ms >= 1000 ? `${+(ms / 1000).toFixed(1)} s` : `${+ms.toPrecision(3)} ms`"
PERCENT = "(share) => `${+share.toFixed(1)} %`"
PLAIN = "(value) => `${+value.toFixed(2)}`"
COLOURS = [f"var(--line-{number})" for number in range(1, 7)]


class ResponsePoint(TypedDict):
    """A point of the chart of response times, in seconds since 1970 and milliseconds."""

    at: int
    p50: float | None
    p95: float | None


class Shade(TypedDict):
    """An outage, as the chart shades it."""

    began: int
    ended: int
    text: str


class Outlier(TypedDict):
    """A point that is far above the others."""

    at: int
    top: int
    text: str


class Curve(TypedDict):
    """One series of a machine."""

    key: str
    name: str
    colour: str


def response_chart(service_id: rx.Var[int], chosen_range: rx.Var[str]) -> rx.Component:
    """Median and 95 % of response times, outages and planned downtime shaded.

    No line is drawn where nothing was measured.
    """
    series = response_times(service_id, chosen_range)
    points = series.var(
        "(series?.points ?? []).map(([at, p50, p95]) => ({at, p50, p95}))", list[ResponsePoint]
    )
    rows = series.var(
        f"(series?.points ?? []).map(([at, ...both]) => ({{at: ({TIME})(at),"
        f" values: both.map((ms) => ms === null ? '' : ({MILLISECONDS})(ms))}}))",
        list[Row],
    )
    top = series.var("series?.axis_top ? +(series.axis_top * 1.15).toPrecision(2) : 'auto'", float)
    return rx.el.figure(
        rx.cond(
            series.var("series === null", bool),
            rx.el.p("Fetching the numbers …", class_name="help fetching", height=f"{HEIGHT}px"),
            rx.cond(
                series.var("series?.points?.some(([, p50]) => p50 !== null) ?? false", bool),
                _drawn(
                    points,
                    rx.foreach(
                        series.var(
                            "(series?.outages ?? []).map((each) => ({"
                            "began: Math.max(each.began_at, series.points[0][0]),"
                            " ended: each.ended_at ?? series.points.at(-1)[0],"
                            " text: each.message}))",
                            list[Shade],
                        ),
                        _shade,
                    ),
                    rx.foreach(
                        series.var(
                            "(series?.planned ?? []).map(([began, ended]) => ({"
                            "began: Math.max(began, series.points[0][0]),"
                            " ended: Math.min(ended, series.points.at(-1)[0]), text: ''}))",
                            list[Shade],
                        ),
                        _shade_planned,
                    ),
                    _curve("p95", "95 % within", "var(--line-2)"),
                    _curve("p50", "median", "var(--line-1)"),
                    rx.foreach(
                        series.var(
                            "(series?.outliers ?? []).map(([at, ms]) => ({at,"
                            f" top: series.axis_top, text: ({MILLISECONDS})(ms)}}))",
                            list[Outlier],
                        ),
                        _outlier,
                    ),
                    tick=MILLISECONDS,
                    domain=[0, top],
                ),
                rx.el.p("No answers in this time.", class_name="help"),
            ),
        ),
        rx.el.figcaption(
            as_table([rx.el.th("Median", scope="col"), rx.el.th("95 % within", scope="col")], rows),
            download(series),
        ),
        class_name="chart",
    )


def metrics_charts(host_id: rx.Var[int], chosen_range: rx.Var[str]) -> rx.Component:
    """Disks, inodes, memory and load of a machine, with its restarts."""
    series = host_metrics(host_id, chosen_range)
    return rx.fragment(
        rx.cond(
            series.var("series === null", bool),
            rx.el.p("Fetching the numbers …", class_name="help", height=f"{4 * (HEIGHT + 88)}px"),
        ),
        _forecasts(series),
        _metrics_chart(series, "Disks", "disk ", PERCENT, 100),
        _metrics_chart(series, "Inodes", "inodes ", PERCENT, 100),
        _metrics_chart(series, "Memory", "memory", PERCENT, 100),
        _metrics_chart(series, "Load, five minutes", "load", PLAIN, "auto"),
        download(series),
    )


def _forecasts(series: Series) -> rx.Component:
    full = series.var(
        "Object.entries(series?.series ?? {}).filter(([, each]) => each.full_in_days !== null)"
        ".map(([name, each]) => `${name.slice(5)} is full in about"
        " ${Math.round(each.full_in_days)} days`)",
        list[str],
    )
    return rx.cond(
        full.length() > 0,
        rx.el.ul(rx.foreach(full, lambda text: rx.el.li(text)), class_name="forecasts"),
    )


def _metrics_chart(
    series: Series, title: str, prefix: str, tick: str, top: int | str
) -> rx.Component:
    names = f"Object.keys(series?.series ?? {{}}).filter((name) => name.startsWith('{prefix}'))"
    curves = series.var(
        f"{names}.map((name, number) => ({{key: 's' + number,"
        f" name: name.slice({len(prefix)}) || '{title}',"
        f" colour: {COLOURS}[number % {len(COLOURS)}]}}))",
        list[Curve],
    )
    points = series.var(
        f"((names) => names.length ? series.series[names[0]].points.map(([at], row) => ({{at,"
        f" ...Object.fromEntries(names.map((name, number) =>"
        f" ['s' + number, series.series[name].points[row][1]]))}})) : [])({names})",
        list[dict],
    )
    rows = series.var(
        f"((names) => names.length ? series.series[names[0]].points.map(([at], row) => ({{"
        f"at: ({TIME})(at), values: names.map((name) => {{"
        f" const value = series.series[name].points[row][1];"
        f" return value === null ? '' : ({tick})(value); }})}})) : [])({names})",
        list[Row],
    )
    return rx.cond(
        curves.length() > 0,
        rx.el.figure(
            rx.el.h3(title),
            _drawn(
                points,
                rx.foreach(series.var("series?.reboots ?? []", list[int]), _reboot),
                rx.foreach(curves, lambda each: _curve(each["key"], each["name"], each["colour"])),
                tick=tick,
                domain=[0, top],
            ),
            rx.el.figcaption(
                rx.cond(
                    curves.length() > 1,
                    rx.el.ul(rx.foreach(curves, _named), class_name="legend"),
                ),
                as_table([rx.foreach(curves, _head)], rows, of=title),
            ),
            class_name="chart",
        ),
    )


def _named(each: Any) -> rx.Component:
    """Which of the lines it is."""
    return rx.el.li(
        rx.el.span(style={"background": each["colour"]}, aria_hidden="true"), each["name"]
    )


def _head(each: Any) -> rx.Component:
    return rx.el.th(each["name"], scope="col")


def _drawn(points: rx.Var[list], *content: rx.Component, tick: str, domain: list) -> rx.Component:
    return rx.recharts.line_chart(
        rx.recharts.x_axis(
            data_key="at",
            type_="number",
            domain=["dataMin", "dataMax"],
            tick_formatter=TIME,
            min_tick_gap=48,
            stroke="var(--muted)",
        ),
        rx.recharts.y_axis(
            domain=domain,
            allow_data_overflow=True,
            tick_formatter=tick,
            width=64,
            stroke="var(--muted)",
        ),
        rx.recharts.cartesian_grid(stroke="var(--line)", vertical=False),
        rx.recharts.graphing_tooltip(
            is_animation_active=False,
            content_style={"background": "var(--surface)", "borderColor": "var(--edge)"},
            custom_attrs={"labelFormatter": rx.Var(TIME), "formatter": rx.Var(tick)},
        ),
        *content,
        data=points,
        width="100%",
        height=HEIGHT,
    )


def _curve(key: str | rx.Var[str], name: str | rx.Var[str], colour: object) -> rx.Component:
    return rx.recharts.line(
        data_key=key,
        name=name,
        stroke=colour,
        stroke_width=2,
        dot=False,
        connect_nulls=False,
        is_animation_active=False,
        type_="linear",
    )


def _shade(each: Any) -> rx.Component:
    return _area(each, "down", "var(--down)", "insideTop")


def _shade_planned(each: Any) -> rx.Component:
    return _area(each, "planned downtime", "var(--planned)", "insideBottom")


def _area(each: Any, text: str, colour: str, position: str) -> rx.Component:
    return rx.recharts.reference_area(
        x1=each["began"],
        x2=each["ended"],
        fill=colour,
        fill_opacity=0.18,
        stroke=colour,
        if_overflow="hidden",
        custom_attrs={"label": {"value": text, "position": position, "fill": colour}},
    )


def _outlier(each: Any) -> rx.Component:
    return rx.recharts.reference_dot(
        x=each["at"],
        y=each["top"],
        r=4,
        fill="var(--degraded)",
        stroke="none",
        custom_attrs={"label": {"value": each["text"], "position": "top", "fill": "var(--ink)"}},
    )


def _reboot(at: rx.Var[int]) -> rx.Component:
    return rx.recharts.reference_line(
        x=at,
        stroke="var(--planned)",
        custom_attrs={
            "label": {"value": "restarted", "position": "insideTop", "fill": "var(--planned)"}
        },
    )
