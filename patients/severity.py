"""Mild, moderate or severe, as planning needs it. The clinic's own rule, to be confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from patients.choices import AdattoStage, Certainty, Severity

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SOURCE = "Adatto and Deprez 2003 (stage), Davey 1972 (number); the cuts are the clinic's own"
MANY_MARKS = 3
"""Davey total from which there are many marks, as in Abbas 2019."""
WIDE_MM = 5


@dataclass(frozen=True, slots=True)
class SeverityJudgement:
    """A severity, the code of the rule that decided, and that rule as a sentence."""

    severity: Severity
    rule: str
    sentence: StrOrPromise
    source: str = SOURCE
    certainty: Certainty = Certainty.CLINIC_SETTING


DEEP = SeverityJudgement(
    Severity.SEVERE, "stage_iiib_or_iv", _("Stage IIIb or IV makes it severe, whatever the number.")
)
MANY_AND_WIDE = SeverityJudgement(
    Severity.SEVERE,
    "many_and_wide",
    _("A Davey score of 3 or more with a mark of 5 mm or wider makes it severe."),
)
HOLLOW = SeverityJudgement(Severity.MODERATE, "stage_iib_or_iiia", _("Stage IIb or IIIa makes it moderate."))
FRESH_BUT_MANY = SeverityJudgement(
    Severity.MODERATE, "fresh_but_many", _("Stage I with a Davey score of 3 or more makes it moderate.")
)
FRESH = SeverityJudgement(Severity.MILD, "stage_i", _("Stage I with few marks makes it mild."))
FLAT = SeverityJudgement(Severity.MILD, "stage_iia", _("Stage IIa makes it mild."))


def judge_severity(
    stage: AdattoStage, davey_total: int | None = None, width_mm: Decimal | int | None = None
) -> SeverityJudgement:
    """Severity by stage, Davey total (0 to 8, abdomen only) and width of the widest mark in mm.

    What was not judged counts as few or narrow. Refuses a total or a width out of range.
    """
    if davey_total is not None and not 0 <= davey_total <= 8:
        raise ValueError("davey_total lies from 0 to 8")
    if width_mm is not None and width_mm <= 0:
        raise ValueError("width_mm is positive")
    has_many = davey_total is not None and davey_total >= MANY_MARKS
    if stage in (AdattoStage.STAGE_IIIB, AdattoStage.STAGE_IV):
        return DEEP
    if has_many and width_mm is not None and width_mm >= WIDE_MM:
        return MANY_AND_WIDE
    if stage in (AdattoStage.STAGE_IIB, AdattoStage.STAGE_IIIA):
        return HOLLOW
    if stage == AdattoStage.STAGE_IIA:
        return FLAT
    return FRESH_BUT_MANY if has_many else FRESH
