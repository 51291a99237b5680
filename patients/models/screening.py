from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.models import Clinic
from patients.choices import AnswerKind, Persistence, QuestionGroup, ScreeningEffect
from patients.models.patient import Patient


class ScreeningQuestion(models.Model):
    """One medical question of a clinic with its effect. Changed by adding a new version, never in place.

    The fields mean what they mean in `patients/screening_rules.py`; the shipped ones come from its data.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="screening_questions")
    code = models.SlugField(max_length=40)
    version = models.PositiveSmallIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField()
    text = models.CharField(_("question"), max_length=300)
    help = models.CharField(_("help"), max_length=500, blank=True)
    kind = models.CharField(max_length=20, choices=AnswerKind)
    date_meaning = models.CharField(max_length=120, blank=True)
    effect = models.CharField(_("effect"), max_length=10, choices=ScreeningEffect.of_answers)
    wait_days = models.PositiveSmallIntegerField(_("days to wait"), null=True, blank=True)
    wait_days_dark_skin = models.PositiveSmallIntegerField(
        _("days to wait, types IV to VI"), null=True, blank=True
    )
    override_by = models.CharField(max_length=20, blank=True)
    override_floor_days = models.PositiveSmallIntegerField(null=True, blank=True)
    persistence = models.CharField(max_length=10, choices=Persistence, blank=True, default="")
    only_modality = models.CharField(max_length=4, blank=True)
    only_site = models.CharField(max_length=20, blank=True)
    group = models.CharField(max_length=12, choices=QuestionGroup, default=QuestionGroup.HEALTH)
    ask_every_session = models.BooleanField(default=False)
    source = models.CharField(_("source"), max_length=300)
    certainty = models.CharField(max_length=20)

    class Meta:
        ordering = ["position", "code"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "code", "version"], name="question_version_unique"),
            models.UniqueConstraint(
                fields=["clinic", "code"], condition=models.Q(is_current=True), name="question_one_current"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Screening(models.Model):
    """One round of medical questions with one patient; `is_recheck` marks the short round on the day of a session."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="screenings")
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    is_recheck = models.BooleanField(default=False)
    note = models.TextField(_("note"), max_length=10_000, blank=True)

    class Meta:
        ordering = ["-taken_at", "-id"]
        indexes = [models.Index(fields=["patient", "-taken_at"], name="screening_latest")]


class ScreeningAnswer(models.Model):
    """What the patient said to one question; `event_date` is what the question's date means."""

    screening = models.ForeignKey(Screening, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(ScreeningQuestion, on_delete=models.PROTECT, related_name="+")
    said_yes = models.BooleanField()
    event_date = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["question__position"]
        constraints = [
            models.UniqueConstraint(fields=["screening", "question"], name="answer_once_per_question")
        ]


class ScreeningOverride(models.Model):
    """A finding set aside by somebody who may, with a reason, visible ever after.

    It holds for this answer, and for the same said again of a fact that stands; no longer from the day `until` on.
    """

    answer = models.OneToOneField(ScreeningAnswer, on_delete=models.CASCADE, related_name="override")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(_("reason"), max_length=2_000)
    until = models.DateField(_("until"), null=True)
