"""Patients' names on pages: all are printed through here, so that the privacy switch reaches all of them."""

from typing import Protocol

from django import template
from django.template import Context

from clinic.models import StaffMember

register = template.Library()
ROMAN = ("", "I", "II", "III", "IV", "V", "VI")
TITLES = ("Dr", "Prof", "Mr", "Mrs", "Ms", "Sister")


class Named(Protocol):
    @property
    def full_name(self) -> str: ...

    @property
    def initials(self) -> str: ...


@register.simple_tag(takes_context=True)
def person(context: Context, patient: Named) -> str:
    """The full name, or the initials while this member of staff hides names."""
    return name_for(context.get("staff"), patient)


def name_for(staff: StaffMember | None, patient: Named) -> str:
    return patient.initials if staff is not None and staff.hides_names else patient.full_name


@register.filter
def roman(n: int) -> str:
    """A skin type as Fitzpatrick counts them: `IV`."""
    return ROMAN[n]


@register.filter
def initials(name: str) -> str:
    """`PN` for "Priya Nair", `EM` for "Dr Elena Marsh": first and last word, a title aside."""
    words = [word for word in name.split() if word.rstrip(".") not in TITLES]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
