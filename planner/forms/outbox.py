"""What the outbox is narrowed down to, and why a message is taken back."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from clinic.localtime import day_bounds
from clinic.models import Location
from planner.choices import MessageState
from planner.models import Message


class OutboxFilter(forms.Form):
    """By state, by the day a message is or was due, by patient; what is not valid narrows nothing."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), *MessageState.choices]
    )
    day = forms.DateField(
        label=_("Due on"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    patient = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def narrowed(self, messages: QuerySet[Message], location: Location) -> QuerySet[Message]:
        self.full_clean()
        chosen: dict[str, Any] = self.cleaned_data
        if chosen.get("state"):
            messages = messages.filter(state=chosen["state"])
        if chosen.get("day"):
            first, after = day_bounds(chosen["day"], location.zone)
            messages = messages.filter(due_at__gte=first, due_at__lt=after)
        if chosen.get("patient"):
            messages = messages.filter(patient_id=chosen["patient"])
        return messages


class WithdrawForm(forms.Form):
    why = forms.CharField(label=_("Why"), max_length=200, required=False)
