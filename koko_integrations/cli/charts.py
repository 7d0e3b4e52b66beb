"""Metrics as plots of characters."""

import math
from typing import Any

import plotext

from koko_integrations.clock import DAY_MS, HOUR_MS

HEIGHT = 14
NARROWEST = 40
BESIDE_BARS = 12
"""Columns that bars do not have: the axis and its numbers."""
TICKS = 4
# Told apart without colours, too.
OUTCOMES = {"succeeded": ("█", "green"), "partial": ("▒", "yellow"), "failed": ("░", "red")}
PERCENTILES = {"latencyP50": ("o", "cyan"), "latencyP95": ("x", "magenta")}


def draw(series: list[dict[str, Any]], span_ms: int, width: int, *, colorless: bool) -> str:
    """The runs, one bar on the other by how they ended, and below them how long they took."""
    columns = max(width, NARROWEST)
    drawn = _runs(series, span_ms, columns, colorless=colorless)
    if any("latencyP50" in point for point in series):
        drawn += "\n\n" + _latencies(series, columns, colorless=colorless)
    return drawn


def _runs(series: list[dict[str, Any]], span_ms: int, width: int, *, colorless: bool) -> str:
    each = math.ceil(len(series) / (width - BESIDE_BARS))
    groups = [series[first : first + each] for first in range(0, len(series), each)]
    figure = _figure(width)
    base = [0] * len(groups)
    for name, (symbol, color) in OUTCOMES.items():
        tops = [low + sum(point[name] for point in group) for low, group in zip(base, groups, strict=True)]
        shown = [number for number, top in enumerate(tops) if top > base[number]]
        if shown:
            figure.draw(
                figure.bar(
                    shown,
                    [base[number] for number in shown],
                    [tops[number] for number in shown],
                    marker=plotext.marker(symbol, color),
                    width=1.0,
                )
            )
        base = tops
    legend = ", ".join(f"{symbol} {name}" for name, (symbol, _) in OUTCOMES.items())
    plot = _built(figure, [group[0]["at"] for group in groups], max(base), colorless=colorless)
    return f"Runs by {_span(each * span_ms)}: {legend}\n{plot}"


def _latencies(series: list[dict[str, Any]], width: int, *, colorless: bool) -> str:
    figure = _figure(width)
    known = [number for number, point in enumerate(series) if "latencyP50" in point]
    for name, (symbol, color) in PERCENTILES.items():
        seconds = [series[number][name] / 1000 for number in known]
        figure.draw(figure.signal(known, seconds, marker=plotext.marker(symbol, color)))
    legend = ", ".join(f"{symbol} {name.removeprefix('latency')}" for name, (symbol, _) in PERCENTILES.items())
    highest = max(series[number]["latencyP95"] for number in known) / 1000
    plot = _built(figure, [point["at"] for point in series], highest, colorless=colorless)
    return f"How long they took, in seconds: {legend}\n{plot}"


def _figure(width: int) -> Any:
    """The one that there is, emptied; a terminal's size is what we are told, not what plotext finds."""
    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.theme("simple")
    figure.plot_size(width, HEIGHT)
    return figure


def _built(figure: Any, times: list[str], highest: float, *, colorless: bool) -> str:
    """With its axes: `times` from left to right, and from nothing to `highest`."""
    hourly = len({time[11:] for time in times}) > 1
    at = [round(tick * (len(times) - 1) / (TICKS - 1)) for tick in range(TICKS)]
    figure.ruler("x").ticks(at, [times[n][5:16].replace("T", " ") if hourly else times[n][5:10] for n in at])
    figure.ruler("x").lim(-0.5, len(times) - 0.5)
    figure.ruler("y").lim(0, highest or 1)
    return str(figure.build().string(colorless=colorless)).rstrip("\n")


def _span(span_ms: int) -> str:
    number, word = (span_ms // DAY_MS, "day") if span_ms % DAY_MS == 0 else (span_ms // HOUR_MS, "hour")
    return word if number == 1 else f"{number} {word}s"
