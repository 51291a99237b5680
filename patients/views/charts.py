"""A value over time as a line: positions in percent and pixels, so that no style attribute is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from patients.queries import AreaHistory
from patients.scales import SCALES

LEFT, RIGHT = 8, 92  # percent
TOP, BOTTOM = 26, 66  # pixels
MOST_POINTS = 8
RESPONSE_PERCENT = 25
"""So much narrower counts as a response; the clinic's own cut."""


@dataclass(frozen=True, slots=True)
class Dot:
    x: str
    y: int
    label_y: int
    value: str
    day: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`text` says in words what the line shows; `change` is how much the last value lies under the first."""

    title: str
    dots: tuple[Dot, ...]
    text: str
    lower_is_better: bool
    change: str = ""

    @property
    def lines(self) -> list[tuple[Dot, Dot]]:
        return list(pairwise(self.dots))


def charts_of(history: AreaHistory) -> list[Chart]:
    """The widest mark and each scale, where there are at least two values; the newest eight of them."""
    widths = [
        (finding.assessment.taken_at, finding.widest_mm)
        for finding in history.findings
        if finding.widest_mm is not None
    ]
    charts = [chart(_("Widest mark, mm"), widths, change=narrower(widths))]
    for code, scores in history.scores.items():
        values = [(score.assessment.taken_at, score.total) for score in scores]
        charts.append(chart(str(SCALES[code].name), values, lower_is_better=SCALES[code].lower_is_better))
    return [each for each in charts if len(each.dots) > 1]


def chart(
    title: str,
    values: Sequence[tuple[datetime, Decimal]],
    *,
    lower_is_better: bool = True,
    change: str = "",
) -> Chart:
    shown = values[-MOST_POINTS:]
    amounts = [amount for _at, amount in shown]
    dots = tuple(
        Dot(_x(index, len(shown)), y := _y(amount, amounts), y - 10, number(amount), _day(at))
        for index, (at, amount) in enumerate(shown)
    )
    text = f"{title}: " + ", ".join(f"{dot.value} ({dot.day})" for dot in dots)
    return Chart(title, dots, text, lower_is_better, change)


def narrower(widths: Sequence[tuple[datetime, Decimal]]) -> str:
    """`26% narrower` from the first width to the last, where it is a response."""
    if len(widths) < 2:
        return ""
    first, last = widths[0][1], widths[-1][1]
    percent = int((first - last) * 100 / first)
    return _("%(n)d%% narrower") % {"n": percent} if percent >= RESPONSE_PERCENT else ""


def _x(index: int, count: int) -> str:
    return f"{LEFT + (RIGHT - LEFT) * index / max(count - 1, 1):.1f}%"


def _y(amount: Decimal, amounts: Sequence[Decimal]) -> int:
    low, high = min(amounts), max(amounts)
    share = (high - amount) / (high - low) if high > low else Decimal("0.5")
    return round(TOP + (BOTTOM - TOP) * share)


def number(amount: Decimal) -> str:
    return formats.number_format(amount.normalize() if amount % 1 else int(amount))


def _day(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "j M y")
