"""What the tests of the patients' pages type and send."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from clinic.models import Location
from patients.models import (
    Patient,
    Screening,
    ScreeningQuestion,
)
from tests.patients.test_photos import picture


def url(name: Any, patient: Patient, *args: Any) -> str:
    return reverse(name, args=[patient.pk, *args])


NEW = {
    "key": "k",
    "first_name": "Ruby",
    "last_name": "Okafor",
    "date_of_birth": "1990-03-01",
    "mail_allowed": "on",
}


def answers(location: Location, *, only_recheck: bool = False, **yes: Any) -> Any:
    questions = ScreeningQuestion.objects.filter(clinic=location.clinic)
    sent = {"key": f"s{Screening.objects.count()}"}
    for each in questions.filter(ask_every_session=True) if only_recheck else questions:
        sent[f"q{each.pk}"] = "yes" if each.code in yes else "no"
        sent[f"q{each.pk}_date"] = yes.get(each.code) or ""
        sent[f"q{each.pk}_note"] = "said so" if each.code in yes else ""
    return sent


def screen(client: Client, patient: Patient, location: Location, **yes: Any) -> Any:
    return client.post(url("screening_take", patient), answers(location, **yes))


def judged(**sent: Any) -> Any:
    return {
        "key": "a",
        "area": ["abdomen-middle", "hips-left"],
        "abdomen-middle-stria_type": "alba",
        "abdomen-middle-stage": "IIb",
        "abdomen-middle-widest_mm": "3.5",
        "abdomen-middle-davey_upper_right": "0",
        "abdomen-middle-davey_upper_left": "1",
        "abdomen-middle-davey_lower_right": "1",
        "abdomen-middle-davey_lower_left": "2",
        "hips-left-stria_type": "rubra",
        "hips-left-stage": "I",
        "skin_type": "2",
    } | sent


def upload(client: Client, patient: Patient, content: Any = None, **sent: Any) -> Any:
    file = SimpleUploadedFile("a.jpg", picture() if content is None else content)
    return client.post(url("photos", patient), {"key": "p", "view": "region", "picture": file} | sent)
