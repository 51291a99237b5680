"""Every page of the demo clinic, with objects that exist: `python -m tests.e2e.demo_pages` prints them as JSON.

A new page needs nothing here, unless its address has a keyword that `EXAMPLES` does not know yet.
"""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
Examples = list[dict[str, Any]]

# Not pages of ours, or pages nobody reaches: the superuser's admin, the API, doors that are shut,
# and those of a second factor that nobody has registered.
ELSEWHERE = ("admin/", "api/")
SHUT = (
    "^account/", "signup/", "/email/", "confirm-email/", "password/set/", "login/code/",
    "webauthn/keys/", "totp/deactivate/", "recovery-codes/",
)  # fmt: skip
# Pages that look different for every state of what they show; of the others the first example is enough.
MANY_FACES = (
    "patient plan screening photos consent series series_plan session session_move message settings_resource_new"
).split()
ALSO = {
    "today": ("?who=all",),
    "board": ("?view=week", "?by=room", "?by=device"),
    "patients": ("?q=nobody-of-this-name",),
    "patient": ("?show=sessions",),
}


def pages() -> Iterator[tuple[str, list[str], str | None]]:
    """Name, addresses and the right that opens it; None for pages of the sign-in, which are everybody's."""
    from django.urls import get_resolver, reverse

    from tests.test_access import walk

    examples = _examples()
    for route in walk(get_resolver()):
        if route.path.startswith(ELSEWHERE) or any(part in route.path for part in SHUT) or not route.name:
            continue
        keywords = " ".join(sorted(route.keywords or _words(route.path)))
        assert keywords in examples, f"{route.path}: teach {__file__} what {keywords} is"
        known = examples[keywords](route.name)
        addresses = [reverse(route.name, kwargs=each) for each in known]
        addresses = addresses if route.name in MANY_FACES else addresses[:1]
        more = [addresses[0] + query for query in ALSO.get(route.name, ())]
        yield route.name, addresses + more, getattr(route.guard, "right", None)


def _words(path: str) -> tuple[str, ...]:
    return ("uidb36", "key") if "uidb36" in path else ()


def _examples() -> dict[str, Callable[[str], Examples]]:
    """Keywords in alphabetical order → what may stand there, by the route's name."""
    from clinic.models import Absence, ExtraHours, Resource, ResourceKind, StaffMember, WeeklyHours
    from patients.choices import ConsentKind
    from patients.models import Consent, Photo, Screening, ScreeningOverride
    from planner.models import AftercareStep, Message, Protocol, Series, Session

    people, aside = _patients(), Screening.objects.filter(answers__override__isnull=False)[0]
    whole, protocol = people[0], Protocol.objects.all()[0]
    newest = protocol.versions.all()[0]
    step = AftercareStep.objects.filter(version=newest)[0]

    def each(keyword: str, objects: Any) -> Callable[[str], Examples]:
        return lambda name: [{keyword: found.pk} for found in objects]

    return {
        "": lambda name: [{}],
        "kind": lambda name: [{"kind": kind} for kind in ResourceKind.values],
        "key uidb36": lambda name: [{"uidb36": "1", "key": "used-up"}],
        "patient_id": lambda name: [{"patient_id": pk} for pk in people],
        "kind patient_id": lambda name: [{"patient_id": whole, "kind": kind} for kind in ConsentKind.values],
        "consent_id patient_id": lambda name: [
            {"patient_id": whole, "consent_id": Consent.objects.filter(patient=whole)[0].pk}
        ],
        "patient_id screening_id": lambda name: [{"patient_id": aside.patient_id, "screening_id": aside.pk}],
        "override_id patient_id": lambda name: [
            {"patient_id": aside.patient_id, "override_id": ScreeningOverride.objects.all()[0].pk}
        ],
        "series_id": each("series_id", _one_of_each(Series.objects.order_by("pk"))),
        "session_id": each("session_id", _one_of_each(Session.objects.order_by("-number", "pk"))),
        "message_id": each("message_id", _that_left_first(_one_of_each(Message.objects.order_by("pk")))),
        "protocol_id": lambda name: [{"protocol_id": protocol.pk}],
        "protocol_id version_id": lambda name: [{"protocol_id": protocol.pk, "version_id": newest.pk}],
        "protocol_id step_id": lambda name: [{"protocol_id": protocol.pk, "step_id": step.pk}],
        "photo_id": each("photo_id", Photo.objects.all()[:1]),
        "hours_id": each("hours_id", WeeklyHours.objects.filter(location=None)[:1]),
        "absence_id": each("absence_id", Absence.objects.all()[:1]),
        "extra_id": each("extra_id", ExtraHours.objects.all()[:1]),
        "resource_id": each("resource_id", Resource.objects.all()[:1]),
        "staff_id": each("staff_id", StaffMember.objects.all()[:1]),
    }


def _patients() -> list[int]:
    """One with photos and a series, one just entered, one whose name is written from the right, one of whom an answer
    is set aside; all by id."""
    from patients.models import Patient

    everyone = Patient.objects.order_by("pk")
    found = (
        everyone.filter(photos__isnull=False, series__state="active"),
        everyone.filter(series=None, screenings=None),
        everyone.filter(series=None, screenings__isnull=False),
        everyone.filter(last_name="حداد"),
        everyone.filter(screenings__answers__override__isnull=False),
    )
    return [people[0].pk for people in found if people]


def _that_left_first(messages: list[Any]) -> list[Any]:
    """Only what has left can be seen as it left."""
    return sorted(messages, key=lambda message: not message.body_html)


def _one_of_each(objects: Any) -> list[Any]:
    """The first of each state."""
    return list({found.state: found for found in reversed(objects)}.values())


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(list(pages())))
