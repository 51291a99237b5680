"""Finding a patient by what somebody remembers, in an index of keys, and by what one slip of the hand made of it.

The database makes each patient's keys itself (`patient_search_keys`, in migration 0004), so whoever writes a patient
need not think of them. Three letters within a word are a key, and so are a word's first one and first two (`^`),
three letters of the e-mail (`@`) and three digits of the telephone (`#`). A word, or a part of one between hyphens or
apostrophes, with one letter left out in each way (`~`) is a key too: two words that differ by one letter missing,
added, changed or swapped have one of these in common.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import reduce
from operator import and_, or_

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, Q, QuerySet, TextField

from patients.models import Patient
from patients.models.patient import fold

MARKS = re.compile("[-'’‘‐‑–.]")
LEAST_DIGITS, SHORTEST_WITH_A_SLIP, LONGEST_WITH_A_SLIP = 4, 3, 40


class SearchKeys(Func):
    """As the index has them: the same words in the same order."""

    function = "patient_search_keys"
    output_field = ArrayField(TextField())

    def __init__(self) -> None:
        super().__init__("folded_name", "email", "phone")


def find_patients(clinic_id: int, text: str) -> QuerySet[Patient]:
    """Patients by every word of a name, by e-mail, by four or more digits of the telephone, or by date of birth.

    Case, accents and the order of words do not matter. Where nobody is written so, those are found whose name is one
    slip of the hand away. Nothing typed finds everybody.
    """
    patients = Patient.objects.filter(clinic_id=clinic_id)
    words = fold(text).split()
    if not words:
        return patients
    keyed = patients.alias(keys=SearchKeys())
    exact = keyed.filter(reduce(or_, _ways(text, words)))
    parts = [part for word in words for part in MARKS.split(word) if part]
    if not any(map(_may_slip, [*words, *parts])) or exact.exists():
        return exact
    nearly = [reduce(and_, map(_nearly_in_name, each)) for each in (words, parts) if each]
    return keyed.filter(reduce(or_, nearly))


def _ways(text: str, words: list[str]) -> Iterator[Q]:
    yield reduce(and_, map(_in_name, words))
    email, digits, born = text.strip().lower(), "".join(c for c in text if c in "0123456789"), _as_date(text)
    if len(email) >= 3 and len(words) == 1:
        yield Q(keys__contains=_threes(email, "@"), email__icontains=email)
    if len(digits) >= LEAST_DIGITS and not any(sign.isalpha() for sign in text):
        digits = digits.lstrip("0") or digits
        yield Q(keys__contains=_threes(digits, "#"), phone__regex=r"\D*".join(digits))
    if born:
        yield Q(date_of_birth=born)


def _in_name(word: str) -> Q:
    """Anywhere in it; one letter or two at the beginning of a word only."""
    return Q(keys__contains=_threes(word) or [f"^{word}"], folded_name__contains=word)


def _nearly_in_name(word: str) -> Q:
    return _in_name(word) | Q(keys__overlap=_slips(word)) if _may_slip(word) else _in_name(word)


def _may_slip(word: str) -> bool:
    return SHORTEST_WITH_A_SLIP <= len(word) <= LONGEST_WITH_A_SLIP and not any(
        c in "@0123456789" for c in word
    )


def _slips(word: str) -> list[str]:
    return sorted({f"~{word}", *(f"~{word[:n]}{word[n + 1 :]}" for n in range(len(word)))})


def _threes(text: str, mark: str = "") -> list[str]:
    return sorted({f"{mark}{text[n : n + 3]}" for n in range(len(text) - 2)})


def _as_date(text: str) -> date | None:
    """A day as people write it, day first: 17/05/1995, 17.5.1995, 17 May 1995, or 1995-05-17."""
    plain = " ".join(text.replace(".", "/").split())
    for form in ("%d/%m/%Y", "%Y-%m-%d", "%d %B %Y", "%d %b %Y"):
        try:
            return datetime.strptime(plain, form).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    return None
