"""A session as the board draws it: its phases below each other, each with what has to be read there."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from clinic.models import ResourceKind
from planner.choices import PhaseKind, SessionState
from planner.pages.board_layout import Block, Box, Part
from planner.pages.day_row import DayRow

LOOKS = {SessionState.DONE: " sess--done", SessionState.NO_SHOW: " sess--gone"}


@dataclass(frozen=True, slots=True)
class DrawnPart:
    css: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrawnVisit:
    """`mark` is the icon before the first line of the first part, `name` aside."""

    of: DayRow
    box: Box
    css: str
    mark: str
    parts: tuple[DrawnPart, ...]


@dataclass(frozen=True, slots=True)
class ListedVisit:
    """A session in everybody's week: one line below the name."""

    of: DayRow
    css: str
    mark: str
    line: str


def listed(row: DayRow, by: str) -> ListedVisit:
    used = {ResourceKind.PRACTITIONER: row.practitioner, ResourceKind.ROOM: row.room}.get(ResourceKind(by))
    used, mark = used or row.device, row.mark
    return ListedVisit(
        of=row,
        css={SessionState.DONE: " week__visit--done", SessionState.NO_SHOW: " week__visit--gone"}.get(
            SessionState(row.session.state), ""
        ),
        mark=mark.icon if mark else "",
        line=f"{row.which} · {used.name}" if used else row.which,
    )


def drawn(block: Block[DayRow], by: str) -> DrawnVisit:
    """In a column of people, rooms or devices (`by`)."""
    row, mark = block.of, block.of.mark
    first, *others = block.parts
    return DrawnVisit(
        of=row,
        box=block.box,
        css=f"{block.box.css}{LOOKS.get(SessionState(row.session.state), '')}",
        mark=mark.icon if mark else "",
        parts=(
            DrawnPart(first.css, tuple(_head(row, by, is_wide=block.box.lanes == 1))),
            *(DrawnPart(part.css, tuple(_lines(part, row, by))) for part in others),
        ),
    )


def _head(row: DayRow, by: str, *, is_wide: bool) -> Iterator[str]:
    yield f"{row.which} · {row.areas}" if is_wide else row.which
    where = row.practitioner if by == ResourceKind.ROOM else row.room
    yield where.name if where else ""


def _lines(part: Part, row: DayRow, by: str) -> Iterator[str]:
    if part.kind == PhaseKind.NEEDLING:
        yield _("%(at)s needling") % {"at": part.at}
        used = row.practitioner if by == ResourceKind.DEVICE else row.device
        yield used.name if used else ""
    elif part.kind == PhaseKind.RECOVERY:
        yield _("Recovery")
    else:
        yield part.at
