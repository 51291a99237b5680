"""Finding a patient by what somebody remembers, in an index of keys, and by what one slip of the hand made of it.

The database makes each patient's keys itself (`patient_search_keys`, in migration 0004), so whoever writes a patient
need not think of them. Three letters within a word or the e-mail are a key, and so are a word's first one and first
two (`^`) and three digits of the telephone (`#`). A word with one letter left out in each way (`~`) is a key too: two
words that differ by one letter missing, added, changed or swapped have one of these in common.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import and_

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, Q, QuerySet, TextField

from patients.folding import fold
from patients.models import Patient

EXTENSION = re.compile(r"(?<=\d)\s*(?:ext\.?|x|#)\s*\d+\s*$", re.IGNORECASE)
LEAST_DIGITS, SHORTEST_WITH_A_SLIP, LONGEST_WITH_A_SLIP = 4, 3, 40


class SearchKeys(Func):
    """As the index has them: the same words in the same order."""

    function = "patient_search_keys"
    output_field = ArrayField(TextField())

    def __init__(self) -> None:
        super().__init__("folded_name", "email", "phone")


@dataclass(frozen=True, slots=True)
class PatientSearch:
    """`nearly`: nobody is written so, and these are one slip of the hand away."""

    patients: QuerySet[Patient]
    nearly: bool = False


def find_patients(clinic_id: int, text: str) -> PatientSearch:
    """Patients by every word of a name, by e-mail, by four or more digits of the telephone, or by date of birth.

    Case, accents and the order of words do not matter. Where nobody is written so, those are found whose name is one
    slip of the hand away. Nothing typed finds everybody.
    """
    patients = Patient.objects.filter(clinic_id=clinic_id)
    words = fold(text).split()
    if not words:
        return PatientSearch(patients)
    exact = patients.filter(pk__in=_any_of(_ways(text, words)))
    slipped = list(_one_slip(words))
    if not slipped or exact.exists():
        return PatientSearch(exact)
    return PatientSearch(patients.filter(pk__in=set(_any_of(slipped))), nearly=True)


def _any_of(ways: Iterable[Q]) -> QuerySet[Patient, int]:
    """Each way is asked of the index by itself: within one condition, every row found would make its keys anew."""
    keyed = Patient.objects.alias(keys=SearchKeys()).order_by().values_list("pk", flat=True)
    first, *others = (keyed.filter(way) for way in ways)
    return first.union(*others, all=True) if others else first


def _ways(text: str, words: list[str]) -> Iterator[Q]:
    written = reduce(and_, (Q(folded_name__contains=word) for word in words))
    yield Q(keys__contains=_keys(words)) & written
    typed = text.strip().casefold()
    if len(typed) >= 3 and len(typed.split()) == 1:
        yield Q(keys__contains=_threes(typed)) & Q(email__icontains=typed)
    number, born = EXTENSION.sub("", text).replace("(0)", ""), _as_date(text)
    digits = "".join(c for c in number if c in "0123456789")
    if len(digits) >= LEAST_DIGITS and not any(sign.isalpha() for sign in number):
        digits = digits.lstrip("0") or digits
        yield Q(keys__contains=_threes(digits, "#"), phone__regex=r"\D*".join(digits))
    if born:
        yield Q(date_of_birth=born)


def _keys(words: list[str]) -> list[str]:
    """Of what stands anywhere in a name; one letter or two at the beginning of a word only."""
    return sorted({key for word in words for key in _threes(word) or [f"^{word}"]})


def _one_slip(words: list[str]) -> Iterator[Q]:
    """In one of the words; the others are as they are written."""
    for n, word in enumerate(words):
        if _may_slip(word):
            others = [*words[:n], *words[n + 1 :]]
            written = Q(*(Q(folded_name__contains=other) for other in others))
            yield Q(keys__contains=_keys(others), keys__overlap=_slips(word)) & written


def _may_slip(word: str) -> bool:
    return SHORTEST_WITH_A_SLIP <= len(word) <= LONGEST_WITH_A_SLIP and not any(
        c in "@0123456789" for c in word
    )


def _slips(word: str) -> list[str]:
    return sorted({f"~{word}", *(f"~{word[:n]}{word[n + 1 :]}" for n in range(len(word)))})


def _threes(text: str, mark: str = "") -> list[str]:
    return sorted({f"{mark}{text[n : n + 3]}" for n in range(len(text) - 2)})


def _as_date(text: str) -> date | None:
    """A day as people write it, day first: 17/05/1995, 17.5.95, 17 May 1995, 17051995, or 1995-05-17."""
    plain = re.sub(r"[./-]|(?<=\d)\s+(?=\d)", "/", " ".join(text.replace(",", " ").split()))
    for form in ("%d/%m/%Y", "%Y/%m/%d", "%d/%m/%y", "%d %B %Y", "%d %b %Y", "%d%m%Y"):
        try:
            return datetime.strptime(plain, form).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    return None
