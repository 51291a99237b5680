"""What the outbox is narrowed down to, and why a message is taken back."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayField
from clinic.localtime import day_bounds
from clinic.models import Location
from planner.choices import MessageState
from planner.models import Message


class OutboxFilter(forms.Form):
    """By state, by the day a message is or was due, by patient; what is not valid narrows nothing."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), *MessageState.choices]
    )
    day = DayField(label=_("Due on"), required=False)
    patient = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    @property
    def chosen(self) -> dict[str, Any]:
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def narrowed(self, messages: QuerySet[Message], location: Location, *, today: date) -> QuerySet[Message]:
        """Latest first, and those that wait in the order they leave; without a choice none due after tomorrow."""
        chosen = self.chosen
        if not chosen:
            return messages.filter(due_at__lt=day_bounds(today + timedelta(days=1), location.zone)[1])
        if "day" in chosen:
            first, after = day_bounds(chosen["day"], location.zone)
            messages = messages.filter(due_at__gte=first, due_at__lt=after)
        if "patient" in chosen:
            messages = messages.filter(patient_id=chosen["patient"])
        if "state" in chosen:
            messages = messages.filter(state=chosen["state"])
        return messages.order_by("due_at", "id") if chosen.get("state") == MessageState.WAITING else messages


class WithdrawForm(forms.Form):
    why = forms.CharField(label=_("Why"), max_length=200, required=False)
