"""What the tests of the patients' pages type and send."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from patients.models import (
    Screening,
    ScreeningQuestion,
)
from tests.patients.test_photos import picture


def url(name, patient, *args):
    return reverse(name, args=[patient.pk, *args])


NEW = {
    "key": "k",
    "first_name": "Ruby",
    "last_name": "Okafor",
    "date_of_birth": "1990-03-01",
    "mail_allowed": "on",
}


def answers(location, *, only_recheck=False, **yes):
    questions = ScreeningQuestion.objects.filter(clinic=location.clinic)
    sent = {"key": f"s{Screening.objects.count()}"}
    for each in questions.filter(ask_every_session=True) if only_recheck else questions:
        sent[f"q{each.pk}"] = "yes" if each.code in yes else "no"
        sent[f"q{each.pk}_date"] = yes.get(each.code) or ""
        sent[f"q{each.pk}_note"] = "said so" if each.code in yes else ""
    return sent


def screen(client, patient, location, **yes):
    return client.post(url("screening_take", patient), answers(location, **yes))


def judged(**sent):
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


def upload(client, patient, content=None, **sent):
    file = SimpleUploadedFile("a.jpg", picture() if content is None else content)
    return client.post(url("photos", patient), {"key": "p", "view": "region", "picture": file} | sent)
