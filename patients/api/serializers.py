"""The shapes of patients and their records: what is sent and what is answered. Shape only."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from clinic.api.bodies import Body, Day, Id, each_once
from clinic.permissions import Right
from patients.choices import (
    AdattoStage,
    Certainty,
    ScreeningEffect,
    Severity,
    Side,
    Site,
    SkinType,
    StriaType,
)
from patients.models import (
    Area,
    AreaFinding,
    Assessment,
    Consent,
    ConsentText,
    Patient,
    Photo,
    Score,
    Screening,
    ScreeningAnswer,
    ScreeningOverride,
    ScreeningQuestion,
)
from patients.scales import SCALES
from patients.services.assessments import Filled, JudgedArea
from patients.services.screening import Reply

LONG = 10_000


class RecordFieldsHidden(serializers.ModelSerializer[Any]):
    """`record_fields` are null for whoever may not see the clinical record."""

    record_fields: tuple[str, ...] = ()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        if self.context["staff"].may(Right.SEE_RECORD):
            return shown
        return shown | dict.fromkeys(self.record_fields)


# Patients


class PatientShape(RecordFieldsHidden):
    record_fields = ("skin_type",)
    email = serializers.CharField(read_only=True)

    class Meta:
        model = Patient
        fields = read_only_fields = (
            "id", "first_name", "last_name", "former_names", "date_of_birth", "email", "phone",
            "skin_type", "mail_allowed", "notes", "version", "created_at",
        )  # fmt: skip


class DetailsAsked(Body):
    """`skin_type` (Fitzpatrick 1 to 6) only from those who may write the record."""

    former_names = serializers.CharField(max_length=120, allow_blank=True, required=False)
    email = serializers.EmailField(max_length=254, allow_blank=True, required=False)
    phone = serializers.CharField(max_length=40, allow_blank=True, required=False)
    skin_type = serializers.ChoiceField(SkinType.choices, allow_null=True, required=False)
    mail_allowed = serializers.BooleanField(required=False)
    notes = serializers.CharField(max_length=LONG, allow_blank=True, required=False)

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        staff = self.context.get("staff")
        if staff and not staff.may(Right.WRITE_RECORD):
            del fields["skin_type"]
        return fields


class NewPatient(DetailsAsked):
    """`although_similar`: somebody else, although one who seems the same is known already."""

    first_name = serializers.CharField(max_length=120, allow_blank=True)
    last_name = serializers.CharField(max_length=120, allow_blank=True)
    date_of_birth = Day()
    although_similar = serializers.BooleanField(default=False)


class PatientChanges(DetailsAsked):
    """What is left out stays. `version` is the patient's when it was read; `although_similar` as for a new one."""

    first_name = serializers.CharField(max_length=120, allow_blank=True, required=False)
    last_name = serializers.CharField(max_length=120, allow_blank=True, required=False)
    date_of_birth = Day(required=False)
    although_similar = serializers.BooleanField(default=False)
    version = Id()


# Screening


class QuestionShape(serializers.ModelSerializer[ScreeningQuestion]):
    class Meta:
        model = ScreeningQuestion
        fields = read_only_fields = (
            "id", "code", "version", "text", "help", "kind", "date_meaning", "effect", "wait_days",
            "wait_days_dark_skin", "override_by", "override_floor_days", "persistence", "only_modality",
            "only_site", "group", "ask_every_session", "source", "certainty",
        )  # fmt: skip


class OverrideShape(serializers.ModelSerializer[ScreeningOverride]):
    by = serializers.CharField(source="by.staff.name", read_only=True, default="")

    class Meta:
        model = ScreeningOverride
        fields = read_only_fields = ("by", "at", "reason", "until")


class AnswerShape(serializers.ModelSerializer[ScreeningAnswer]):
    code = serializers.CharField(source="question.code", read_only=True)
    override = OverrideShape(read_only=True, allow_null=True, default=None)

    class Meta:
        model = ScreeningAnswer
        fields = read_only_fields = ("id", "question", "code", "said_yes", "event_date", "note", "override")


class ScreeningShape(serializers.ModelSerializer[Screening]):
    taken_by = serializers.CharField(source="taken_by.staff.name", read_only=True, default="")
    answers = AnswerShape(many=True, read_only=True)

    class Meta:
        model = Screening
        fields = read_only_fields = ("id", "taken_at", "taken_by", "is_recheck", "note", "answers")


class ReplyAsked(Body):
    question_id = Id()
    said_yes = serializers.BooleanField()
    event_date = Day(allow_null=True, required=False)
    note = serializers.CharField(max_length=500, allow_blank=True, required=False)


class NewScreening(Body):
    """An answer to each question that is asked; on a recheck, to those asked before every session."""

    is_recheck = serializers.BooleanField(default=False)
    note = serializers.CharField(max_length=LONG, allow_blank=True, default="")
    answers = serializers.ListField(child=ReplyAsked(), max_length=200)

    def validate_answers(self, answers: list[dict[str, Any]]) -> list[Reply]:
        each_once([answer["question_id"] for answer in answers], "question")
        return [Reply(**answer) for answer in answers]


class SettingAsideAsked(Body):
    """`until`: on which day the answer counts again, at most a year ahead; only a fact that stands may miss it."""

    reason = serializers.CharField(max_length=2_000)
    until = Day(allow_null=True, default=None)


class StandingShape(serializers.Serializer[Any]):
    """Whether booking is possible, saying nothing of what was answered. `earliest`: from which day on, if it waits."""

    is_screened = serializers.BooleanField()
    may_book = serializers.BooleanField()
    effect = serializers.ChoiceField(ScreeningEffect.choices)
    earliest = serializers.DateField(allow_null=True)


class FindingShape(serializers.Serializer[Any]):
    """What speaks against needling or has to be known, worst first; `until` is the first day it no longer counts."""

    code = serializers.CharField()
    effect = serializers.ChoiceField(ScreeningEffect.choices)
    sentence = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    certainty = serializers.ChoiceField(Certainty.choices)
    until = serializers.DateField(allow_null=True)
    override_allowed = serializers.BooleanField()
    overridden = serializers.BooleanField()


# Consent


class ConsentTextShape(serializers.ModelSerializer[ConsentText]):
    class Meta:
        model = ConsentText
        fields = read_only_fields = ("id", "kind", "version", "title", "body", "valid_months")


class ConsentShape(serializers.ModelSerializer[Consent]):
    text_version = serializers.IntegerField(source="text.version", read_only=True)
    taken_by = serializers.CharField(source="taken_by.staff.name", read_only=True, default="")

    class Meta:
        model = Consent
        fields = read_only_fields = (
            "id", "kind", "text", "text_version", "signed_name", "signed_at",
            "valid_from", "valid_to", "taken_by", "withdrawn_at",
        )  # fmt: skip


class Signature(Body):
    """`text_id` is the version the patient has read."""

    text_id = Id()
    signed_name = serializers.CharField(max_length=250)
    agreed = serializers.BooleanField()


# Areas and assessments


class AreaShape(serializers.ModelSerializer[Area]):
    label = serializers.CharField(source="__str__", read_only=True)  # type: ignore[assignment]

    class Meta:
        model = Area
        fields = read_only_fields = (
            "id", "site", "side", "label", "stria_type", "appeared_on", "length_cm", "width_cm", "is_active",
        )  # fmt: skip


class AreaFindingShape(serializers.ModelSerializer[AreaFinding]):
    stage = serializers.ChoiceField(AdattoStage.choices, allow_blank=True, read_only=True)

    class Meta:
        model = AreaFinding
        fields = read_only_fields = (
            "area", "stage", "widest_mm", "severity", "severity_rule", "severity_reason",
        )  # fmt: skip


class ScoreShape(serializers.ModelSerializer[Score]):
    class Meta:
        model = Score
        fields = read_only_fields = ("area", "scale", "scale_version", "points", "total", "band_set", "band")


class AssessmentShape(serializers.ModelSerializer[Assessment]):
    taken_by = serializers.CharField(source="taken_by.staff.name", read_only=True, default="")
    findings = AreaFindingShape(many=True, read_only=True)
    scores = ScoreShape(many=True, read_only=True)

    class Meta:
        model = Assessment
        fields = read_only_fields = ("id", "taken_at", "taken_by", "note", "findings", "scores")


class FilledAsked(Body):
    """One scale with its points, in the order of its items."""

    scale = serializers.ChoiceField(sorted(SCALES))
    points = serializers.ListField(
        child=serializers.IntegerField(min_value=-1_000, max_value=1_000), max_length=50
    )


def _filled(scales: list[dict[str, Any]]) -> tuple[Filled, ...]:
    each_once([filled["scale"] for filled in scales], "scale")
    return tuple(Filled(filled["scale"], tuple(filled["points"])) for filled in scales)


def _measure(*, most: int) -> serializers.DecimalField:
    return serializers.DecimalField(
        4, 1, min_value=Decimal("0.1"), max_value=Decimal(most), allow_null=True, required=False
    )


class JudgedAreaAsked(Body):
    """One area as seen today. `severity` only where it differs from the rule; then with the `reason`."""

    site = serializers.ChoiceField(Site.choices)
    side = serializers.ChoiceField(Side.choices)
    stria_type = serializers.ChoiceField(StriaType.choices)
    stage = serializers.ChoiceField(AdattoStage.choices)
    widest_mm = _measure(most=500)
    length_cm = _measure(most=200)
    width_cm = _measure(most=200)
    filled = serializers.ListField(child=FilledAsked(), required=False, max_length=20)
    severity = serializers.ChoiceField(Severity.choices, allow_null=True, required=False)
    reason = serializers.CharField(max_length=500, allow_blank=True, required=False)

    def validate_filled(self, scales: list[dict[str, Any]]) -> tuple[Filled, ...]:
        return _filled(scales)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        words = {
            "site": Site,
            "side": Side,
            "stria_type": StriaType,
            "stage": AdattoStage,
            "severity": Severity,
        }
        return {
            name: words[name](value) if name in words and value else value for name, value in attrs.items()
        }


class NewAssessment(Body):
    areas = serializers.ListField(child=JudgedAreaAsked(), max_length=40)
    whole_body = serializers.ListField(child=FilledAsked(), required=False, max_length=20)
    skin_type = serializers.ChoiceField(SkinType.choices, allow_null=True, required=False)
    note = serializers.CharField(max_length=LONG, allow_blank=True, required=False)

    def validate_areas(self, areas: list[dict[str, Any]]) -> list[JudgedArea]:
        each_once([(area["site"], area["side"]) for area in areas], "area")
        return [JudgedArea(**area) for area in areas]

    def validate_whole_body(self, scales: list[dict[str, Any]]) -> tuple[Filled, ...]:
        return _filled(scales)


class PhotoShape(serializers.ModelSerializer[Photo]):
    """What is known of a photo; the picture itself is seen on its page."""

    class Meta:
        model = Photo
        fields = read_only_fields = (
            "id", "area", "assessment", "view", "width_px", "height_px", "taken_at",
        )  # fmt: skip


# Scales


class ChoiceShape(serializers.Serializer[Any]):
    points = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]


class ItemShape(serializers.Serializer[Any]):
    """Points from `low` to `high` in steps of `step`; `counts` says whether they go into the total."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    low = serializers.IntegerField()
    high = serializers.IntegerField()
    step = serializers.DecimalField(6, 2)
    unit = serializers.CharField(allow_blank=True)
    choices = ChoiceShape(many=True)
    counts = serializers.BooleanField()


class BandShape(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    low = serializers.IntegerField()
    high = serializers.IntegerField()


class ScaleShape(serializers.Serializer[Any]):
    code = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    lower_is_better = serializers.BooleanField()
    items = ItemShape(many=True)
    bands = BandShape(many=True)
    band_set = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    source = serializers.CharField()  # type: ignore[assignment]
    certainty = serializers.ChoiceField(Certainty.choices)
