"""The words of the clinical record: sites, types, stages, skin types, effects."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class Certainty(TextChoices):
    """How a shipped value is known: read in a named source, or proposed and to be confirmed by the clinic."""

    FOUND = "found", _("Found in the source")
    CLINIC_SETTING = "clinic_setting", _("The clinic's own setting, to be confirmed")


class Site(TextChoices):
    ABDOMEN = "abdomen", _("Abdomen")
    HIPS = "hips", _("Hips")
    BUTTOCKS = "buttocks", _("Buttocks")
    THIGH_OUTER = "thigh_outer", _("Outer thigh")
    THIGH_INNER = "thigh_inner", _("Inner thigh")
    BREAST = "breast", _("Breast")
    ARM_INNER = "arm_inner", _("Inner upper arm")
    LOWER_BACK = "lower_back", _("Lower back")
    CALF = "calf", _("Calf")
    KNEE = "knee", _("Knee")
    SHOULDER = "shoulder", _("Shoulder")


class Side(TextChoices):
    LEFT = "left", _("Left")
    RIGHT = "right", _("Right")
    BOTH = "both", _("Both sides")
    MIDDLE = "middle", _("Middle")


class StriaType(TextChoices):
    """Colour of the marks (StatPearls 28613776); only white ones get the deeper needling."""

    RUBRA = "rubra", _("Red (rubra)")
    ALBA = "alba", _("White (alba)")
    CAERULEA = "caerulea", _("Dark blue (caerulea)")
    NIGRA = "nigra", _("Dark (nigra)")
    GRAVIDARUM = "gravidarum", _("From pregnancy (gravidarum)")


class AdattoStage(TextChoices):
    STAGE_I = "I", _("I: fresh, pink to livid")
    STAGE_IIA = "IIa", _("IIa: white, flat to the touch")
    STAGE_IIB = "IIb", _("IIb: white, a dip can be felt")
    STAGE_IIIA = "IIIa", _("IIIa: white, creased like a ladder, under 1 cm")
    STAGE_IIIB = "IIIb", _("IIIb: as IIIa, with a deep pearly shine")
    STAGE_IV = "IV", _("IV: white, creased, wider than 1 cm")


class SkinType(IntegerChoices):
    """Fitzpatrick type of unexposed skin (PMC3709783, table 1)."""

    TYPE_I = 1, _("I: bright white, freckles; always burns, never tans")
    TYPE_II = 2, _("II: white; burns easily, tans a little")
    TYPE_III = 3, _("III: fair; burns moderately, tans on average")
    TYPE_IV = 4, _("IV: light brown; burns little, tans easily")
    TYPE_V = 5, _("V: brown; rarely burns, tans easily")
    TYPE_VI = 6, _("VI: black; almost never burns, tans deeply")

    @property
    def is_dark(self) -> bool:
        """Types IV to VI: brown patches after needling are commoner, worse and longer."""
        return self >= SkinType.TYPE_IV


class Severity(TextChoices):
    MILD = "mild", _("Mild")
    MODERATE = "moderate", _("Moderate")
    SEVERE = "severe", _("Severe")

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Modality(TextChoices):
    MICRONEEDLING = "mn", _("Microneedling")
    RADIOFREQUENCY = "rf", _("Radiofrequency microneedling")


class ScreeningEffect(TextChoices):
    """What an answer does to booking, from least to most."""

    CLEAR = "clear", _("Clear")
    WARN = "warn", _("Note")
    UNASKED = "unasked", _("Not asked yet")
    POSTPONE = "postpone", _("Wait until")
    HOLD = "hold", _("A clinician decides")
    BLOCK = "block", _("Not possible")

    @property
    def rank(self) -> int:
        return list(ScreeningEffect).index(self)

    @classmethod
    def of_answers(cls) -> list[tuple[str, str]]:
        """Those that an answer may have; a question that was not asked has one of its own."""
        return [(each.value, str(each.label)) for each in cls if each is not cls.UNASKED]


class AnswerKind(TextChoices):
    YES_NO = "yes_no", _("Yes or no")
    YES_NO_DATE = "yes_no_date", _("Yes or no, with a date")


class QuestionGroup(TextChoices):
    """Under which heading a medical question is asked."""

    PREGNANCY = "pregnancy", _("Pregnancy")
    SKIN = "skin", _("The skin to be treated")
    HEALTH = "health", _("Healing and illness")
    MEDICINES = "medicines", _("Medicines")
    ALLERGIES = "allergies", _("Allergies")
    LATELY = "lately", _("On that skin lately")
    PLANS = "plans", _("Plans and implants")


class OverrideBy(TextChoices):
    NONE = "", _("Nobody")
    CLINICIAN = "clinician", _("A clinician, with a reason")


class Persistence(TextChoices):
    """How long a yes stays true. What stands keeps its setting aside until the fact changes."""

    PASSING = "", _("May change any day")
    STANDING = "standing", _("Stands until it is said to have changed")
    LIFELONG = "lifelong", _("Once true, it stays true")


class PhotoView(TextChoices):
    CONTEXT = "context", _("Overview")
    REGION = "region", _("Region")
    CLOSE_UP = "close_up", _("Close-up")


class ConsentKind(TextChoices):
    TREATMENT = "treatment", _("Treatment")
    PHOTO = "photo", _("Use of photos")


class Language(TextChoices):
    ENGLISH = "en", _("English")
