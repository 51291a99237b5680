import uuid

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from clinic.models import Location, Resource
from patients.models import Area, Patient
from planner.choices import HOLDS_TIME, SeriesState, SessionState
from planner.models.packed import PackedSpan
from planner.models.protocol import ProtocolVersion


class TsTzRange(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class OnlyId(Func):
    """`id` as a range of one, so that an exclusion constraint can compare it without an extension."""

    function = "INT8RANGE"
    template = "%(function)s(%(expressions)s, %(expressions)s, '[]')"


class Series(models.Model):
    """A protocol applied to areas of a patient: the plan of sessions.

    Numbers and gaps are the clinician's choice for this patient; `recommended_*` keep what was recommended then, and
    `choice_reason` why the choice differs. `prefers_from`/`prefers_to` are wall-clock, `weekdays` 0 (Monday) to 6.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="series")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="series")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="series")
    areas = models.ManyToManyField(Area, related_name="series")
    state = models.CharField(max_length=10, choices=SeriesState, default=SeriesState.DRAFT)
    sessions_planned = models.PositiveSmallIntegerField(_("sessions"))
    gap_min_days = models.PositiveSmallIntegerField(_("shortest gap"))
    gap_target_days = models.PositiveSmallIntegerField(_("best gap"))
    gap_max_days = models.PositiveSmallIntegerField(_("longest gap"))
    recommended_version = models.ForeignKey(
        ProtocolVersion, on_delete=models.PROTECT, null=True, related_name="+"
    )
    recommended_sessions = models.PositiveSmallIntegerField(null=True)
    choice_reason = models.CharField(_("why another choice"), max_length=500, blank=True)
    prefers_practitioner = models.ForeignKey(
        Resource, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    prefers_from = models.TimeField(_("not before"), null=True, blank=True)
    prefers_to = models.TimeField(_("not after"), null=True, blank=True)
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("possible days"), default=list, blank=True
    )
    starts_from = models.DateField(_("first session not before"), null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "series"
        constraints = [
            models.CheckConstraint(
                condition=Q(gap_min_days__gte=1)
                & Q(gap_min_days__lte=F("gap_target_days"))
                & Q(gap_target_days__lte=F("gap_max_days")),
                name="series_gap_in_order",
            ),
            models.CheckConstraint(
                condition=Q(sessions_planned__range=(1, 20)), name="series_1_to_20_sessions"
            ),
        ]


class Session(models.Model):
    """One visit of a series. `starts_at` to `ends_at` is the patient's own time; both empty while not booked.

    `version` rises with every change of its time or of whether it takes place.
    """

    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="sessions")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="sessions")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="sessions")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=14, choices=SessionState, default=SessionState.PLANNED)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    treatment_began_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        ordering = ["series", "number"]
        indexes = [models.Index(fields=["location", "starts_at"], name="session_by_day")]
        constraints = [
            models.UniqueConstraint(fields=["series", "number"], name="session_number_unique"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True, ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="session_end_after_start",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=HOLDS_TIME) | Q(starts_at__isnull=False),
                name="booked_session_has_time",
            ),
            ExclusionConstraint(
                name="patient_free",
                expressions=[
                    (OnlyId("patient_id"), RangeOperators.OVERLAPS),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=HOLDS_TIME),
            ),
        ]


class Reservation(models.Model):
    """One resource held for one interval by one session, its turnaround included. Instants in UTC, half-open.

    `used_until` is when the session leaves the resource; from there to `ends_at` it is being made ready.
    """

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="reservations")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="reservations")
    starts_at = models.DateTimeField()
    used_until = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["starts_at", "id"]
        indexes = [
            # All that a proposal reads of tens of thousands of rows, packed as it wants them.
            models.Index(
                F("resource"),
                F("starts_at"),
                PackedSpan("starts_at", "ends_at"),
                include=["ends_at", "session"],
                condition=Q(is_active=True),
                name="reservation_held",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("used_until")) & Q(used_until__lte=F("ends_at")),
                name="reservation_in_order",
            ),
            ExclusionConstraint(
                name="resource_free",
                expressions=[
                    (OnlyId("resource_id"), RangeOperators.OVERLAPS),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_active=True),
            ),
        ]


class SessionEvent(models.Model):
    """What happened to a session, who did it and why. Rows are only ever added."""

    class Kind(models.TextChoices):
        BOOKED = "booked", _("Booked")
        MOVED = "moved", _("Moved")
        CANCELLED = "cancelled", _("Cancelled")
        CONFIRMED = "confirmed", _("Confirmed")
        ARRIVED = "arrived", _("Arrived")
        STARTED = "started", _("Treatment began")
        DONE = "done", _("Done")
        BROKEN_OFF = "broken_off", _("Broken off")
        NO_SHOW = "no_show", _("Did not come")
        RELEASED = "released", _("Time given back")
        ADDED = "added", _("Added to the series")
        TAKEN_BACK = "taken_back", _("Taken back")

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    was_at = models.DateTimeField(null=True)
    now_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["at", "id"]
