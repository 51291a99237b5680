"""What lists of patients can be narrowed and ordered by."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django_filters import CharFilter, FilterSet

from clinic.api.lists import Order
from patients.choices import ConsentKind
from patients.models import ConsentText, Patient, ScreeningQuestion
from patients.search import find_patients


class PatientFilter(FilterSet):  # type: ignore[misc]
    q = CharFilter(
        method="found",
        max_length=200,
        label="Name, e-mail, four or more digits of the telephone, or date of birth; where nobody is written so, "
        "whoever's name is one letter away",
    )
    ordering = Order(fields=("folded_name", "date_of_birth", "created_at"))

    class Meta:
        model = Patient
        fields = ("q",)

    def found(self, patients: QuerySet[Patient], name: str, text: str) -> QuerySet[Patient]:
        return patients & find_patients(self.request.member.location.clinic_id, text).patients


class QuestionFilter(FilterSet):  # type: ignore[misc]
    class Meta:
        model = ScreeningQuestion
        fields = ("ask_every_session",)


class ConsentTextFilter(FilterSet):  # type: ignore[misc]
    kind = django_filters.ChoiceFilter(choices=ConsentKind.choices)

    class Meta:
        model = ConsentText
        fields: Any = ("kind",)
