from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.models import Clinic, ResourceKind
from patients.choices import Modality, Severity, Site
from planner.choices import Anchor, PhaseKind


class Protocol(models.Model):
    """A recipe for a series; what it says stands in its versions."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="protocols")
    code = models.SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=120)
    modality = models.CharField(_("method"), max_length=4, choices=Modality)
    severity = models.CharField(_("for marks that are"), max_length=10, choices=Severity)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        ordering = ["modality", "name"]
        constraints = [models.UniqueConstraint(fields=["clinic", "code"], name="protocol_code_unique")]

    def __str__(self) -> str:
        return self.name


class ProtocolVersion(models.Model):
    """One version of a protocol; a running series keeps the one it began with.

    Sessions are counted, `sessions_max` before a review. Depth, gaps, phases and steps hang below. `floor_days` is the
    gap nobody may go under; after `lapse_days` without a session the patient is screened anew.
    """

    protocol = models.ForeignKey(Protocol, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    change_note = models.CharField(_("what changed"), max_length=300, blank=True)
    sessions_min = models.PositiveSmallIntegerField(_("fewest sessions"))
    sessions_target = models.PositiveSmallIntegerField(_("sessions"))
    sessions_max = models.PositiveSmallIntegerField(_("most sessions before a review"))
    floor_days = models.PositiveSmallIntegerField(_("never closer than"))
    lapse_days = models.PositiveSmallIntegerField(_("screen anew after"))
    practitioner_skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    room_skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    device_skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    interim_review_before = models.PositiveSmallIntegerField(_("judge before session"), null=True, blank=True)
    outcome_weeks = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    evidence = models.TextField(_("evidence"), max_length=4_000, blank=True)
    source = models.CharField(_("source"), max_length=300)
    certainty = models.CharField(max_length=20)

    class Meta:
        ordering = ["protocol", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["protocol", "number"], name="protocol_version_unique"),
            models.UniqueConstraint(
                fields=["protocol"], condition=Q(is_current=True), name="protocol_one_current"
            ),
            models.CheckConstraint(
                condition=Q(sessions_min__gte=1)
                & Q(sessions_min__lte=F("sessions_target"))
                & Q(sessions_target__lte=F("sessions_max"))
                & Q(sessions_max__lte=20),
                name="sessions_in_order",
            ),
        ]


class ProtocolGap(models.Model):
    """Days between consecutive sessions for a range of Fitzpatrick skin types."""

    version = models.ForeignKey(ProtocolVersion, on_delete=models.CASCADE, related_name="gaps")
    skin_type_from = models.PositiveSmallIntegerField()
    skin_type_to = models.PositiveSmallIntegerField()
    min_days = models.PositiveSmallIntegerField(_("shortest"))
    target_days = models.PositiveSmallIntegerField(_("best"))
    max_days = models.PositiveSmallIntegerField(_("longest"))
    source = models.CharField(max_length=300)
    certainty = models.CharField(max_length=20)

    class Meta:
        ordering = ["skin_type_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(min_days__lte=F("target_days")) & Q(target_days__lte=F("max_days")),
                name="gap_in_order",
            ),
            models.CheckConstraint(
                condition=Q(skin_type_from__gte=1)
                & Q(skin_type_from__lte=F("skin_type_to"))
                & Q(skin_type_to__lte=6),
                name="gap_skin_types_1_to_6",
            ),
        ]


class ProtocolPhase(models.Model):
    """A part of every session, back to back with the next, and the kinds of resource it needs."""

    version = models.ForeignKey(ProtocolVersion, on_delete=models.CASCADE, related_name="phases")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=PhaseKind)
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    needs = ArrayField(models.CharField(max_length=12, choices=ResourceKind))

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="phase_position_unique"),
            models.CheckConstraint(condition=Q(minutes__range=(5, 480)), name="phase_5_to_480_minutes"),
        ]

    @property
    def needed(self) -> list[str]:
        """What it needs, in words."""
        return [str(ResourceKind(kind).label).lower() for kind in self.needs]


class SiteDepth(models.Model):
    """Needle depth in millimetres and passes for one body site."""

    version = models.ForeignKey(ProtocolVersion, on_delete=models.CASCADE, related_name="depths")
    site = models.CharField(max_length=20, choices=Site)
    min_mm = models.DecimalField(max_digits=3, decimal_places=2)
    alba_mm = models.DecimalField(max_digits=3, decimal_places=2)
    rubra_mm = models.DecimalField(max_digits=3, decimal_places=2)
    max_mm = models.DecimalField(max_digits=3, decimal_places=2)
    passes_min = models.PositiveSmallIntegerField()
    passes_max = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=300)
    certainty = models.CharField(max_length=20)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["version", "site"], name="depth_once_per_site"),
            models.CheckConstraint(
                condition=Q(min_mm__lte=F("rubra_mm"))
                & Q(rubra_mm__lte=F("alba_mm"))
                & Q(alba_mm__lte=F("max_mm"))
                & Q(passes_min__lte=F("passes_max")),
                name="depth_in_order",
            ),
        ]


class AftercareStep(models.Model):
    """A mail with an offset from a session's start or end, or from a booking; meaning as in `planner/outbox/steps.py`.

    `normal`, `do`, `wait` and `call` are the mail's parts: one line each, in the patient's words.
    """

    version = models.ForeignKey(ProtocolVersion, on_delete=models.CASCADE, related_name="steps")
    code = models.SlugField(max_length=40)
    anchor = models.CharField(max_length=20, choices=Anchor)
    offset_minutes = models.IntegerField(
        help_text=_("From the anchor; negative is before. Whole days if sent at a fixed time")
    )
    at_local_time = models.TimeField(_("at"), null=True, blank=True)
    expires_after_hours = models.PositiveSmallIntegerField(_("not later than, hours after it was due"))
    only_dark_skin = models.BooleanField(_("only skin types IV to VI"), default=False)
    is_active = models.BooleanField(_("sent"), default=True)
    subject = models.CharField(_("subject"), max_length=120)
    title = models.CharField(_("title"), max_length=160)
    normal = models.TextField(_("what is usual now"), max_length=2_000, blank=True)
    do = models.TextField(_("do"), max_length=2_000, blank=True)
    wait = models.TextField(_("wait with"), max_length=2_000, blank=True)
    call = models.TextField(_("call us the same day if"), max_length=2_000, blank=True)
    source = models.CharField(max_length=300)
    certainty = models.CharField(max_length=20)

    class Meta:
        ordering = ["anchor", "offset_minutes", "code"]
        constraints = [models.UniqueConstraint(fields=["version", "code"], name="step_code_unique")]

    def __str__(self) -> str:
        return self.title
