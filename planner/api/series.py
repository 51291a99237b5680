"""Series: draft, propose, book, stop."""

from typing import Any

from rest_framework.decorators import action

from clinic.api.bodies import Nothing
from clinic.api.viewsets import ListNoted, RetrieveOpened, asks, writes
from clinic.permissions import Right
from patients.readings import areas_of, open_patient
from planner.api import filters, serializers
from planner.models import Series
from planner.protocols.patient_recommendation import advice_for
from planner.readings import open_series, resource_to_prefer, version_to_follow
from planner.schedule.book import book_series, stop_series
from planner.schedule.draft import ProtocolChoice, Wishes, draft_series
from planner.schedule.marks import add_session, restore_series
from planner.schedule.proposals import PlanAnswer
from planner.schedule.propose import propose

GAP = ("gap_min_days", "gap_target_days", "gap_max_days")


class SeriesViewSet(RetrieveOpened, ListNoted):
    """The clinic's series, newest first; draft one. Whoever asks is noted."""

    right, lookup_url_kwarg = Right.SEE_PATIENTS, "series_id"
    way_to_clinic, listed = "patient__clinic", "series"
    queryset = Series.objects.select_related("patient", "protocol_version__protocol").prefetch_related(
        "areas", "sessions"
    )
    serializer_class = serializers.SeriesShape
    filterset_class = filters.SeriesFilter
    opened: Series

    def get_object(self) -> Series:
        return open_series(self.actor, self.kwargs["series_id"], now=self.now)

    @writes(serializers.NewSeries, Right.PRESCRIBE, status=201)
    def create(self, asked: dict[str, Any], key: str) -> Series:
        """Draft a series. What was recommended then is kept with it."""
        by, location = self.actor, self.staff.location
        patient = open_patient(by, asked.pop("patient_id"), "plan", now=self.now)
        areas = areas_of(patient, asked.pop("area_ids"))
        practitioner = asked.pop("prefers_practitioner_id")
        advice = advice_for(patient, location, areas)
        choice = ProtocolChoice(
            version_to_follow(by, asked.pop("version_id")),
            asked.pop("sessions"),
            (asked.pop(GAP[0]), asked.pop(GAP[1]), asked.pop(GAP[2])),
            recommended_version=advice.version if advice else None,
            recommended_sessions=advice.version.sessions_target if advice else None,
            reason=asked.pop("choice_reason", ""),
        )
        wishes = Wishes(practitioner and resource_to_prefer(by, practitioner), **asked)
        return draft_series(
            patient,
            choice,
            wishes,
            location=location,
            areas=areas,
            by=by,
            key=key,
            now=self.now,
        )

    @action(detail=True, methods=["post"], serializer_class=serializers.PlanAnswerShape)
    @asks(Nothing, Right.BOOK)
    def propose(self, asked: dict[str, Any]) -> PlanAnswer:
        """Up to three whole plans for the sessions that have no time yet, or why there is none."""
        return propose(self.opened, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.BookAsked, Right.BOOK)
    def book(self, asked: dict[str, Any], key: str) -> Series:
        """Give every session without a time the one in `visits`: all of them or none."""
        return book_series(self.opened.pk, asked["visits"], by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.WhyAsked, Right.BOOK)
    def stop(self, asked: dict[str, Any], key: str) -> Series:
        """Cancel all sessions that are still to come."""
        return stop_series(self.opened.pk, **asked, by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.WhyAsked, Right.BOOK)
    def restore(self, asked: dict[str, Any], key: str) -> Series:
        """Take the stop back: what was cancelled with it holds its time again, all of it or nothing."""
        return restore_series(self.opened.pk, **asked, by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"], url_path="add-session")
    @writes(serializers.VersionAsked, Right.BOOK)
    def add_session(self, asked: dict[str, Any], key: str) -> Series:
        """One more session at the end, without a time yet."""
        session = add_session(self.opened.pk, **asked, by=self.actor, key=key, now=self.now)
        return session.series
