"""Fitzpatrick skin types in words."""

from django.utils.translation import gettext as _

ROMAN = ("", "I", "II", "III", "IV", "V", "VI")


def skin_types(first: int, last: int) -> str:
    """`Skin types I to III`; Fitzpatrick's, 1 to 6."""
    if first == last:
        return _("Skin type %(type)s") % {"type": ROMAN[first]}
    return _("Skin types %(first)s to %(last)s") % {"first": ROMAN[first], "last": ROMAN[last]}
