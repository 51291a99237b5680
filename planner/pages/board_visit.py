"""A session as the board draws it: its phases below each other, each with what has to be read there."""

from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clinic.models import ResourceKind
from planner.choices import NEEDLED, PhaseKind, SessionState
from planner.pages.board_layout import Block, Box, Part
from planner.pages.day_row import DayRow, phase_words

LOOKS: dict[str, str] = {**dict.fromkeys(NEEDLED, " sess--done"), SessionState.NO_SHOW: " sess--gone"}


@dataclass(frozen=True, slots=True)
class DrawnPart:
    """A phase with one line or two in it."""

    css: str
    line: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class DrawnVisit:
    """`first` also has the name, and before its line the icon `mark`; `others` are the phases after it."""

    of: DayRow
    box: Box
    css: str
    mark: str
    first: DrawnPart
    others: tuple[DrawnPart, ...]


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
        css={**dict.fromkeys(NEEDLED, " week__visit--done"), SessionState.NO_SHOW: " week__visit--gone"}.get(
            SessionState(row.session.state), ""
        ),
        mark=mark.icon if mark else "",
        line=f"{row.which} · {used.name}" if used else row.which,
    )


def drawn(block: Block[DayRow], by: str) -> DrawnVisit:
    """In a column of people, rooms or devices (`by`)."""
    row, mark = block.of, block.of.mark
    first, *others = block.parts
    where = row.practitioner if by == ResourceKind.ROOM else row.room
    return DrawnVisit(
        of=row,
        box=block.box,
        css=f"{block.box.css}{LOOKS.get(row.session.state, '')}",
        mark=mark.icon if mark else "",
        first=DrawnPart(
            first.css,
            f"{row.which} · {row.areas}" if block.box.lanes == 1 else row.which,
            where.name if where else "",
        ),
        others=tuple(_part(part, row, by) for part in others),
    )


def _part(part: Part, row: DayRow, by: str) -> DrawnPart:
    if part.kind == PhaseKind.NEEDLING:
        used = row.practitioner if by == ResourceKind.DEVICE else row.device
        return DrawnPart(part.css, _("%(at)s needling") % {"at": part.at}, used.name if used else "")
    if part.kind == PhaseKind.RECOVERY:
        return DrawnPart(part.css, phase_words(get_language())[part.kind])
    return DrawnPart(part.css, part.at)
