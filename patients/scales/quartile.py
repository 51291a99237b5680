"""Quartile grading of improvement, as the trials use it; higher is better."""

from django.utils.translation import gettext_lazy as _

from patients.choices import Certainty
from patients.scales.base import Band, Scale, rated

SCALE = Scale(
    code="quartile",
    version=1,
    name=_("Quartile improvement"),
    items=(
        rated(
            "improvement",
            _("Improvement against the first photo"),
            _("None or worse"),
            _("Minimal, 1 to 25%"),
            _("Moderate, 26 to 50%"),
            _("Marked, 51 to 75%"),
            _("Excellent, over 75%"),
        ),
    ),
    lower_is_better=False,
    source="Used in Park 2012, Dermatol Surg 38:1823",
    certainty=Certainty.CLINIC_SETTING,
    band_set="clear-from-3",
    bands=(Band(_("Less than clear improvement"), 0, 2), Band(_("Clear improvement"), 3, 4)),
)
