"""Davey 1972: how many marks in each quarter of the abdomen, 0 to 2; says nothing of their depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from patients.choices import Certainty
from patients.scales.base import Band, Scale, ScaleItem, rated

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def _quarter(code: str, label: StrOrPromise) -> ScaleItem:
    return rated(code, label, _("None"), _("Some"), _("Many"))


SCALE = Scale(
    code="davey",
    version=1,
    name=_("Davey score"),
    items=(
        _quarter("upper_right", _("Upper right quarter")),
        _quarter("upper_left", _("Upper left quarter")),
        _quarter("lower_right", _("Lower right quarter")),
        _quarter("lower_left", _("Lower left quarter")),
    ),
    lower_is_better=True,
    source="Davey 1972, as used in Abbas 2019, doi 10.1016/j.jogoh.2019.08.002",
    certainty=Certainty.CLINIC_SETTING,
    note=_("Abdomen only. Lines through the navel make the quarters; sides are the patient's."),
    band_set="abbas-2019",
    bands=(Band(_("None"), 0, 0), Band(_("Mild"), 1, 2), Band(_("Severe"), 3, 8)),
    bands_certainty=Certainty.FOUND,
)
