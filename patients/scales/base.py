"""What every severity and outcome scale is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from patients.choices import Certainty

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class ScaleError(ValueError):
    """Points the scale does not allow; `item` is the item's code, empty when it is not about one item."""

    def __init__(self, item: str, message: StrOrPromise) -> None:
        super().__init__(item, message)
        self.item = item
        self.message = message


@dataclass(frozen=True, slots=True)
class ItemChoice:
    points: int
    label: StrOrPromise


@dataclass(frozen=True, slots=True)
class ScaleItem:
    """One question: points from `low` to `high` in steps of `step`, in `unit` where it is measured."""

    code: str
    label: StrOrPromise
    low: int
    high: int
    step: int | Decimal = 1
    unit: StrOrPromise = ""
    choices: tuple[ItemChoice, ...] = ()
    counts: bool = True
    """Whether the points go into the total; false for an overall opinion that is kept beside it."""

    def allows(self, points: int | Decimal) -> bool:
        return self.low <= points <= self.high and (points - self.low) % self.step == 0


@dataclass(frozen=True, slots=True)
class Band:
    """Totals from `low` to `high`, both included, and what they are called."""

    label: StrOrPromise
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Scale:
    """A published scale; `certainty` speaks of its items and points, `bands_certainty` of its cuts."""

    code: str
    version: int
    name: StrOrPromise
    items: tuple[ScaleItem, ...]
    lower_is_better: bool
    source: str
    certainty: Certainty
    note: StrOrPromise = ""
    valid_from_photos: bool = True
    band_set: str = ""
    """Which published cuts `bands` are; kept with every score so that later cuts do not rewrite it."""
    bands: tuple[Band, ...] = ()
    bands_certainty: Certainty = Certainty.CLINIC_SETTING

    @property
    def lowest(self) -> int:
        return sum(item.low for item in self.items if item.counts)

    @property
    def highest(self) -> int:
        return sum(item.high for item in self.items if item.counts)

    def total(self, points: Sequence[int | Decimal]) -> int | Decimal:
        """Sum of the counted items; refuses a wrong number of points and points an item does not allow."""
        if len(points) != len(self.items):
            raise ScaleError("", _("%(n)d answers are needed.") % {"n": len(self.items)})
        for item, given in zip(self.items, points, strict=True):
            if not item.allows(given):
                raise ScaleError(item.code, _between(item))
        return sum(given for item, given in zip(self.items, points, strict=True) if item.counts)

    def band(self, total: int | Decimal) -> Band | None:
        """What `total` is called, if the scale has cuts; refuses a total the scale cannot give."""
        if not self.lowest <= total <= self.highest:
            raise ScaleError("", _("The total lies from %(low)d to %(high)d.") % self._ends())
        return next((band for band in self.bands if band.low <= total <= band.high), None)

    def _ends(self) -> dict[str, int]:
        return {"low": self.lowest, "high": self.highest}


def _between(item: ScaleItem) -> StrOrPromise:
    ends = {"label": item.label, "low": item.low, "high": item.high}
    if item.step == 1:
        return _("%(label)s: a whole number from %(low)d to %(high)d.") % ends
    return _("%(label)s: from %(low)d to %(high)d in steps of %(step)s.") % {**ends, "step": item.step}


def rated(code: str, label: StrOrPromise, *labels: StrOrPromise, first: int = 0) -> ScaleItem:
    """An item whose points each have a word, counted upwards from `first`."""
    choices = tuple(ItemChoice(first + index, word) for index, word in enumerate(labels))
    return ScaleItem(code, label, first, first + len(labels) - 1, choices=choices)
