"""Adatto and Deprez 2003: the stage of a mark by colour, surface and width; an order, not an amount."""

from django.utils.translation import gettext_lazy as _

from patients.choices import AdattoStage, Certainty
from patients.scales.base import Band, Scale, rated

SCALE = Scale(
    code="adatto",
    version=1,
    name=_("Adatto stage"),
    items=(rated("stage", _("Stage"), *(stage.label for stage in AdattoStage), first=1),),
    lower_is_better=True,
    source="Six steps in global-antiaging-medicine.com; codes from Adatto and Deprez 2003",
    certainty=Certainty.CLINIC_SETTING,
    note=_("Judge by sight and touch."),
    valid_from_photos=False,
    band_set="stages",
    bands=tuple(Band(stage.value, number, number) for number, stage in enumerate(AdattoStage, start=1)),
)
