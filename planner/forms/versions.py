"""What the forms that make a protocol's next version share."""

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic.forms import Keyed


def whole(label: Any, least: int, most: int) -> forms.IntegerField:
    box = forms.NumberInput(attrs={"class": "input--num", "inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=least, max_value=most, widget=box)


class Ordered(forms.Form):
    """A form whose figures rise along each line of `rising`."""

    rising: Sequence[Sequence[str]] = ()
    title: str | Promise = ""

    @property
    def is_gone(self) -> bool:
        """Whether the row is to be left out of the next version."""
        return "gone" in self.fields and bool(self["gone"].value())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for below, above in chain.from_iterable(pairwise(line) for line in self.rising):
            low, high = cleaned.get(below), cleaned.get(above)
            if low is not None and high is not None and low > high:
                facts = {"below": self.fields[below].label, "low": low}
                self.add_error(above, _t("This is less than “%(below)s”, %(low)s.") % facts)
        return cleaned


class Perhaps(forms.Form):
    """A row more than there is: left as it was shown, it says nothing and lacks nothing."""

    def __init__(self, data: Any = None, *, prefix: str) -> None:
        super().__init__(data, prefix=prefix, empty_permitted=True, use_required_attribute=False)


class NextVersion(Keyed):
    """What every form that makes a version carries: what changes, and the version that was looked at."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    change_note = forms.CharField(
        label=_("what changes, and why"), max_length=300, help_text=_("Kept with the version.")
    )
