"""The figure on which areas are picked: front and back, one outline for each site."""

from collections.abc import Collection
from dataclasses import dataclass

from patients.choices import Side, Site

FRONT, BACK = "front", "back"
# Outlines of the viewer's right half, in the figure's own units; the other half is mirrored at x = 100.
# Seen from the front, the viewer's right is the patient's left.
PAIRED = {
    Site.SHOULDER: (
        FRONT,
        "M118 80C126 82 134 86 140 90C147 94 151 100 152 106L136 112C132 100 126 92 118 88Z",
    ),
    Site.BREAST: (FRONT, "M103 104C115 100 130 106 133 118C131 132 118 138 108 132C104 126 102 114 103 104Z"),
    Site.HIPS: (FRONT, "M134 198C139 210 143 222 143 236L128 226Z"),
    Site.THIGH_OUTER: (FRONT, "M131 252L143 250C142 272 139 292 136 308L128 308C130 290 131 270 131 252Z"),
    Site.THIGH_INNER: (FRONT, "M108 254L128 252C128 270 127 290 125 308L117 308C114 290 111 272 108 254Z"),
    Site.KNEE: (FRONT, "M118 316L136 316C136 328 136 336 134 344L119 344C118 334 118 326 118 316Z"),
    Site.ARM_INNER: (BACK, "M144 120L150 119L155 160L146 162Z"),
    Site.BUTTOCKS: (
        BACK,
        "M104 208C118 204 138 212 142 228C140 246 122 250 106 244C102 234 102 220 104 208Z",
    ),
    Site.CALF: (BACK, "M119 326L134 326C135 344 134 358 130 374L121 374C118 358 118 344 119 326Z"),
}
SINGLE = {
    Site.ABDOMEN: (
        FRONT,
        "M72 152C84 146 116 146 128 152C127 176 128 190 131 204C118 226 82 226 69 204C72 190 73 176 72 152Z",
    ),
    Site.LOWER_BACK: (BACK, "M70 168C86 162 114 162 130 168L132 194C116 200 84 200 68 194Z"),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """One outline to pick; `area` is the value of its box in the list."""

    area: str
    figure: str
    outline: str
    is_mirrored: bool
    is_on: bool
    is_known: bool


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One site of the list and the sides that can be chosen: value, label, whether it is chosen."""

    site: Site
    sides: tuple[tuple[str, str, bool], ...]


def shapes(chosen: Collection[str], known: Collection[str]) -> list[Shape]:
    """All outlines, with those to be judged now and those judged before."""
    single = [_shape(site, Side.MIDDLE, outline, False, chosen, known) for site, outline in SINGLE.items()]
    paired = [
        _shape(site, side, outline, (side == Side.RIGHT) == (outline[0] == FRONT), chosen, known)
        for site, outline in PAIRED.items()
        for side in (Side.LEFT, Side.RIGHT)
    ]
    return single + paired


def _shape(
    site: Site,
    side: Side,
    outline: tuple[str, str],
    is_mirrored: bool,
    chosen: Collection[str],
    known: Collection[str],
) -> Shape:
    names = {f"{site}-{side}", f"{site}-{Side.BOTH}"}
    figure, path = outline
    return Shape(
        f"{site}-{side}", figure, path, is_mirrored, bool(names & set(chosen)), bool(names & set(known))
    )


def rows(chosen: Collection[str]) -> list[SiteRow]:
    """Every site with its sides, as a list that does all the figure does."""
    return [SiteRow(site, tuple(_sides(site, chosen))) for site in Site]


def _sides(site: Site, chosen: Collection[str]) -> list[tuple[str, str, bool]]:
    sides = [Side.MIDDLE] if site in SINGLE else [Side.LEFT, Side.RIGHT, Side.BOTH]
    return [(f"{site}-{side}", str(side.label), f"{site}-{side}" in chosen) for side in sides]


def is_area(value: str) -> bool:
    """Whether `value` names a site and a side it has: `hips-left`."""
    return any(value == area for row in rows(()) for area, _label, _is_on in row.sides)
