from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from clinic.models import ReadAudit
from clinic.permissions import Role
from patients.choices import ConsentKind
from patients.models import (
    AreaFinding,
    Assessment,
    Consent,
    Patient,
    Photo,
    Score,
    Screening,
    ScreeningOverride,
    ScreeningQuestion,
)
from patients.queries import find_patients
from patients.services.defaults import load_consent_texts, load_screening_questions
from tests.makers import make_area, make_consent, make_location, make_patient, make_staff
from tests.patients.test_photos import picture

pytestmark = pytest.mark.django_db
EVIL = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def location():
    location = make_location()
    load_screening_questions(location.clinic)
    load_consent_texts(location.clinic)
    return location


@pytest.fixture
def signed_in(location):
    def sign_in(role=Role.CLINICIAN, at=location, **kwargs):
        client = Client(**kwargs)
        client.force_login(make_staff(at, role).user)
        return client

    return sign_in


@pytest.fixture
def client(signed_in):
    return signed_in()


@pytest.fixture
def patient(location):
    return make_patient(location.clinic, first_name="Jade", last_name="Robinson")


def url(name, patient, *args):
    return reverse(name, args=[patient.pk, *args])


# --- the list ---


def found(location, text):
    return [patient.first_name for patient in find_patients(location.clinic_id, text)]


@pytest.fixture
def zoe(location):
    return make_patient(
        location.clinic,
        first_name="Zoë",
        last_name="O’Neill-Łaska",
        email="zoe.o@mail.example",
        phone="+44 7700 900123",
        date_of_birth=date(1988, 2, 29),
    )


@pytest.mark.parametrize(
    "text",
    ["zoe", "NEILL zo", "aska", "zoe.o@", "07700 900123", "900123", "+44 7700", "29/2/1988", "29.02.1988",
     "1988-02-29", "29 Feb 1988", ""],
)  # fmt: skip
def test_a_patient_is_found_by(location, zoe, text):
    assert "Zoë" in found(location, text)


@pytest.mark.parametrize(
    "text", ["ruby", "zoe ruby", "90012", "900124", "28/2/1988", "%", "_", "'; --", "\\"]
)
def test_a_patient_is_not_found_by(location, zoe, patient, text):
    assert found(location, text) == (["Zoë"] if text == "90012" else [])


def test_another_clinics_patients_are_never_found(location):
    make_patient(make_location().clinic, first_name="Zoë")
    assert found(location, "zoe") == []
    assert found(location, "") == []


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_costs_the_same_for_one_and_thirty(client, location, count, django_assert_num_queries):
    for _ in range(count):
        make_patient(location.clinic)
    client.get(reverse("patients"))
    with django_assert_num_queries(6):
        page = client.get(reverse("patients"))
    assert page.content.count(b'class="name"') == count


def test_the_list_is_cut_into_pages(client, location):
    for _ in range(31):
        make_patient(location.clinic)
    page = client.get(reverse("patients"), {"page": 2})
    assert page.content.count(b'class="name"') == 1


def test_a_search_without_a_match_says_so(client):
    assert b"Nobody matches" in client.get(reverse("patients"), {"q": "nobody\x00"}).content


def test_names_are_hidden_on_wish(client, location, patient):
    location.staff.update(hides_names=True)
    assert b"Robinson" not in client.get(reverse("patients")).content


# --- a new patient ---

NEW = {
    "key": "k",
    "first_name": "Ruby",
    "last_name": "Okafor",
    "date_of_birth": "1990-03-01",
    "mail_allowed": "on",
}


def test_a_new_patient_leads_to_the_patients_page(signed_in):
    desk = signed_in(Role.FRONT_DESK)
    answer = desk.post(reverse("patient_new"), NEW)
    made = Patient.objects.get()
    assert (made.full_name, made.mail_allowed, made.skin_type) == ("Ruby Okafor", True, None)
    assert (answer.status_code, answer["Location"]) == (302, url("patient", made))


def test_the_front_desk_does_not_judge_the_skin_type(signed_in):
    desk = signed_in(Role.FRONT_DESK)
    assert b"skin_type" not in desk.get(reverse("patient_new")).content
    desk.post(reverse("patient_new"), NEW | {"skin_type": "5"})
    assert Patient.objects.get().skin_type is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"date_of_birth": "2999-01-01"}, "is still to come"),
        ({"date_of_birth": "1850-01-01"}, "before 1900"),
        ({"date_of_birth": "yesterday"}, "valid date"),
        ({"phone": "12"}, "is not a telephone number"),
        ({"first_name": " ", "last_name": ""}, "A first or a last name is needed"),
        ({"notes": "x" * 10_001}, "at most 10000"),
        ({"email": "no"}, "valid email"),
    ],
)
def test_what_cannot_be_right_is_told_and_the_input_kept(client, wrong, told):
    page = client.post(reverse("patient_new"), NEW | {"email": "ruby@example.com"} | wrong)
    assert page.status_code == 422
    assert told in page.content.decode()
    assert b"Okafor" in page.content or "last_name" in wrong
    assert b'value="k"' in page.content
    assert Patient.objects.count() == 0


def test_a_likely_duplicate_is_offered_and_can_be_passed(client, location):
    known = make_patient(location.clinic, first_name="ruby", last_name="Okafor", date_of_birth="1990-03-01")
    page = client.post(reverse("patient_new"), NEW)
    assert page.status_code == 409
    assert url("patient", known) in page.content.decode()
    assert Patient.objects.count() == 1
    client.post(reverse("patient_new"), NEW | {"although_similar": "1"})
    assert Patient.objects.count() == 2


def test_a_double_click_makes_one_patient(client):
    assert (
        client.post(reverse("patient_new"), NEW)["Location"]
        == client.post(reverse("patient_new"), NEW)["Location"]
    )
    assert Patient.objects.count() == 1


# --- changing details ---


def test_details_are_changed(client, patient):
    page = client.get(url("patient_edit", patient))
    assert b'value="Robinson"' in page.content
    client.post(url("patient_edit", patient), NEW | {"version": 1, "skin_type": "4"})
    patient.refresh_from_db()
    assert (patient.full_name, patient.skin_type, patient.version) == ("Ruby Okafor", 4, 2)


def test_the_front_desk_leaves_the_skin_type_as_it_is(signed_in, patient):
    signed_in(Role.FRONT_DESK).post(url("patient_edit", patient), NEW | {"version": 1})
    patient.refresh_from_db()
    assert (patient.first_name, patient.skin_type) == ("Ruby", 2)


def test_a_stale_page_shows_what_stands_there_and_can_be_saved_then(client, patient):
    Patient.objects.update(version=2, last_name="Robinson-Hale")
    page = client.post(url("patient_edit", patient), NEW | {"version": 1})
    assert page.status_code == 409
    assert b"Robinson-Hale" in page.content
    assert b"Okafor" in page.content
    assert b'name="version" value="2"' in page.content
    patient.refresh_from_db()
    assert patient.last_name == "Robinson-Hale"


# --- screening ---


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


def test_no_question_is_answered_beforehand(client, patient):
    page = client.get(url("screening_take", patient)).content.decode()
    assert page.count('type="radio"') == 2 * ScreeningQuestion.objects.count()
    assert "checked" not in page.split('class="ask"')[1].split("savebar")[0]


def test_answers_lead_to_a_verdict_with_source_and_certainty(client, patient, location):
    last = date.today() - timedelta(3)
    assert screen(client, patient, location, waxed=last.isoformat(), herpes_now="")["Location"] == url(
        "screening", patient
    )
    page = client.get(url("screening", patient)).content.decode()
    assert "Has to wait" in page
    assert "Last wax or hair removal cream" in page
    assert "Clinic care sheets" in page
    assert "to be confirmed" in page
    assert "said so" in page


def test_a_missing_answer_keeps_the_others(client, patient, location):
    sent = answers(location, keloid="")
    missing = next(name for name, value in sent.items() if value == "no")
    page = client.post(url("screening_take", patient), {k: v for k, v in sent.items() if k != missing})
    assert page.status_code == 422
    assert b"1 question needs a look" in page.content
    assert page.content.count(b" checked") >= len([v for v in sent.values() if v in ("yes", "no")]) - 1
    assert Screening.objects.count() == 0


def test_a_date_to_come_is_refused(client, patient, location):
    page = screen(client, patient, location, waxed="2999-01-01")
    assert page.status_code == 422
    assert b"is still to come" in page.content
    assert Screening.objects.count() == 0


def test_asking_again_asks_less(client, patient, location):
    screen(client, patient, location, keloid="")
    page = client.get(url("screening_again", patient)).content
    every_time = ScreeningQuestion.objects.filter(ask_every_session=True).count()
    assert page.count(b'type="radio"') == 2 * every_time
    client.post(url("screening_again", patient), answers(location, only_recheck=True))
    assert list(Screening.objects.values_list("is_recheck", flat=True)) == [True, False]


def test_the_front_desk_sees_whether_to_book_and_no_answer(signed_in, client, patient, location):
    screen(client, patient, location, keloid="")
    page = signed_in(Role.FRONT_DESK).get(url("screening", patient)).content.decode()
    assert "May not be booked" in page
    assert "scars" not in page
    assert "said so" not in page
    assert "override" not in page


def test_nobody_asked_is_said(client, patient):
    assert b"Not asked yet" in client.get(url("screening", patient)).content


def test_a_finding_is_set_aside_with_a_reason(client, patient, location):
    screen(client, patient, location, keloid="")
    sent = {"key": "o", "code": "keloid", "reason": "Dermatologist agrees"}
    assert client.post(url("screening_override", patient), sent).status_code == 302
    page = client.get(url("screening", patient)).content.decode()
    assert "Dermatologist agrees" in page
    assert "Set aside" in page
    assert "May be booked" in page


def test_setting_aside_without_a_reason_is_refused(client, patient, location):
    screen(client, patient, location, keloid="")
    page = client.post(url("screening_override", patient), {"key": "o", "code": "keloid", "reason": " "})
    assert page.status_code == 422
    assert b"A reason is needed" in page.content
    assert ScreeningOverride.objects.count() == 0


def test_setting_aside_what_was_not_asked_is_not_found(client, patient):
    sent = {"key": "o", "code": "keloid", "reason": "x"}
    assert client.post(url("screening_override", patient), sent).status_code == 404


def test_the_screening_page_costs_the_same_whatever_was_answered(
    client, patient, location, django_assert_num_queries
):
    screen(client, patient, location, keloid="")
    client.get(url("screening", patient))
    with django_assert_num_queries(11):
        client.get(url("screening", patient))
    screen(client, patient, location, **dict.fromkeys(["keloid", "herpes_history", "blood_thinner"], ""))
    with django_assert_num_queries(11):
        client.get(url("screening", patient))


# --- consent ---


def sign(client, patient, **sent):
    page = client.get(url("consent", patient, "treatment"))
    text = page.context["text"].pk
    defaults = {"key": "c", "text": text, "signed_name": "Jade Robinson", "agreed": "on"}
    return client.post(url("consent", patient, "treatment"), defaults | sent)


def test_a_consent_is_read_and_signed(client, patient):
    page = client.get(url("consent", patient, "treatment")).content.decode()
    assert "My right to stop" in page
    assert "off-label" in page
    assert sign(client, patient).status_code == 302
    assert Consent.objects.get().signed_name == "Jade Robinson"
    assert b"Good until" in client.get(url("screening", patient)).content


@pytest.mark.parametrize("sent", [{"signed_name": "Jade R"}, {"agreed": ""}, {"signed_name": ""}])
def test_what_is_no_signature_is_refused_and_kept(client, patient, sent):
    page = sign(client, patient, **sent)
    assert page.status_code in (409, 422)
    assert b'value="c"' in page.content
    assert Consent.objects.count() == 0


def test_a_consent_is_withdrawn(client, patient):
    sign(client, patient)
    client.post(url("consent_withdraw", patient, Consent.objects.get().pk), {"key": "w"})
    assert Consent.objects.get().withdrawn_at is not None
    assert client.get(url("screening", patient)).content.count(b"Not signed") == 2


def test_an_unknown_kind_of_consent_is_not_found(client, patient):
    assert client.get(url("consent", patient, "selling")).status_code == 404


# --- areas and scores ---


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


def test_an_assessment_of_two_areas_is_saved(client, patient):
    answer = client.post(url("assess", patient), judged())
    assert answer["Location"] == url("scores", patient)
    assert list(AreaFinding.objects.values_list("area__site", "severity")) == [
        ("abdomen", "moderate"),
        ("hips", "mild"),
    ]
    assert Score.objects.get().total == 4


def test_saving_can_lead_to_planning(client, patient):
    assert client.post(url("assess", patient), judged(plan="1"))["Location"] == url("plan", patient)


def test_choosing_areas_saves_nothing_and_keeps_what_was_written(client, patient):
    page = client.post(url("assess", patient), judged(show="1"))
    content = page.content.decode()
    assert page.status_code == 200
    assert 'value="3.5"' in content
    assert "Stage IIb or IIIa makes it moderate" in content
    assert Assessment.objects.count() == 0


def test_areas_in_care_are_open_to_begin_with(client, patient):
    make_area(patient)
    assert b'id="card-abdomen-middle"' in client.get(url("assess", patient)).content


def test_the_verdict_is_told_while_writing(client, patient):
    sent = judged(judge="abdomen-middle") | {"abdomen-middle-widest_mm": "5"}
    page = client.post(url("assess_verdict", patient), sent).content.decode()
    assert "Severe" in page
    assert "makes it severe" in page
    own = judged(judge="hips-left") | {"hips-left-severity": "severe"}
    assert "the rule says Mild" in client.post(url("assess_verdict", patient), own).content.decode()
    assert AreaFinding.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"abdomen-middle-stage": ""}, "This field is required"),
        ({"abdomen-middle-widest_mm": "-1"}, "greater than or equal to 0.1"),
        ({"abdomen-middle-davey_lower_left": ""}, "Answer all of this scale, or nothing."),
        ({"abdomen-middle-davey_lower_left": "7"}, "Select a valid choice"),
        ({"hips-left-severity": "severe"}, "without a reason"),
        ({"abdomen-middle-vas_patient_bother": "101"}, "less than or equal to 100"),
        ({"area": []}, "No area was judged"),
    ],
)
def test_a_wrong_assessment_is_told_and_nothing_saved(client, patient, wrong, told):
    page = client.post(url("assess", patient), judged() | wrong)
    assert page.status_code == 422
    assert told in page.content.decode()
    for model in (Assessment, AreaFinding, Score):
        assert model.objects.count() == 0


@pytest.mark.parametrize("area", ["abdomen-left", "hips-middle", "nose-left", "hips", "-"])
def test_an_area_there_is_not_is_not_found(client, patient, area):
    assert client.get(url("assess", patient), {"area": area}).status_code == 404


def test_scores_over_time_are_drawn(client, patient):
    client.post(url("assess", patient), judged())
    client.post(url("assess", patient), judged(key="b") | {"abdomen-middle-widest_mm": "2.5"})
    page = client.get(url("scores", patient)).content.decode()
    assert "28% narrower" in page
    assert 'aria-label="Widest mark, mm: 3.5 (' in page
    assert "Davey score: 4 (" in page


@pytest.mark.parametrize("count", [1, 5])
def test_scores_cost_the_same_whatever_was_judged(client, patient, count, django_assert_num_queries):
    for number in range(count):
        client.post(url("assess", patient), judged(key=str(number)))
    with django_assert_num_queries(9):
        client.get(url("scores", patient))


# --- photos ---


def upload(client, patient, content=None, **sent):
    file = SimpleUploadedFile("a.jpg", picture() if content is None else content)
    return client.post(url("photos", patient), {"key": "p", "view": "region", "picture": file} | sent)


@pytest.fixture
def agreed(patient):
    return make_consent(
        patient, kind=ConsentKind.PHOTO, valid_from=date(2020, 1, 1), valid_to=date(2999, 1, 1)
    )


def test_a_photo_is_stored_and_shown(client, patient, agreed):
    area = make_area(patient)
    assert upload(client, patient, area=area.pk).status_code == 302
    photo = Photo.objects.get()
    assert (photo.area, photo.view) == (area, "region")
    shown = client.get(reverse("photo", args=[photo.pk]))
    assert shown.content == photo.file.read()
    assert shown["Content-Type"] == "image/jpeg"
    assert shown["Content-Disposition"] == f'inline; filename="photo-{photo.pk}.jpg"'
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in shown["Cache-Control"]
    assert client.get(reverse("photo_small", args=[photo.pk]))["Content-Type"] == "image/jpeg"


def test_every_look_at_a_photo_is_kept(client, patient, agreed):
    upload(client, patient)
    photo = Photo.objects.get()
    ReadAudit.objects.all().delete()
    client.get(reverse("photo", args=[photo.pk]))
    assert list(ReadAudit.objects.values_list("patient_id", "what", "object_id")) == [
        (patient.pk, "photo", photo.pk)
    ]


def test_without_consent_there_is_no_form_and_no_photo(client, patient):
    assert b'type="file"' not in client.get(url("photos", patient)).content
    page = upload(client, patient)
    assert page.status_code == 409
    assert b"has not agreed to photos" in page.content
    assert Photo.objects.count() == 0


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_what_is_no_photo_is_told(client, patient, agreed, content):
    page = upload(client, patient, content)
    assert page.status_code == 422
    assert b"field__error" in page.content or b"cannot be read as a picture" in page.content
    assert Photo.objects.count() == 0


def test_a_hundred_megabytes_are_refused_before_anything_is_kept(client, patient, agreed, settings):
    page = upload(client, patient, bytes(100 * 2**20))
    assert page.status_code == 413
    assert b"larger than 20 MB" in page.content
    assert Photo.objects.count() == 0
    assert not list(Path(settings.MEDIA_ROOT).rglob("*.jpg"))


def test_an_upload_needs_the_forms_token(signed_in, patient, agreed):
    assert upload(signed_in(enforce_csrf_checks=True), patient).status_code == 403
    assert Photo.objects.count() == 0


def test_an_area_of_another_patient_is_refused(client, patient, location, agreed):
    other = make_area(make_patient(location.clinic))
    assert upload(client, patient, area=other.pk).status_code == 422
    assert Photo.objects.count() == 0


def test_two_photos_are_compared(client, patient, agreed):
    for key in ("1", "2", "3"):
        upload(client, patient, key=key)
    first, second, third = Photo.objects.order_by("id")
    assert client.get(url("photos", patient)).context["after"] == third
    page = client.get(url("photos", patient), {"before": second.pk, "after": first.pk})
    assert (page.context["before"], page.context["after"]) == (second, first)


@pytest.mark.parametrize("count", [1, 30])
def test_photos_cost_the_same_for_one_and_thirty(client, patient, agreed, count, django_assert_num_queries):
    upload(client, patient)
    kept = Photo.objects.get()
    for _ in range(count - 1):
        kept.pk = None
        kept.save()
    with django_assert_num_queries(9):
        client.get(url("photos", patient))


# --- who may, and what no page may do ---

OWN_PAGES = ("patient_edit", "screening", "screening_take", "screening_again", "assess", "scores", "photos")


@pytest.mark.parametrize("name", OWN_PAGES)
def test_reading_a_record_is_kept(client, patient, name):
    client.get(url(name, patient))
    assert ReadAudit.objects.filter(patient_id=patient.pk).count() == 1


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", [*OWN_PAGES, "screening_override", "assess_verdict"])
def test_another_clinics_patient_is_not_found(signed_in, patient, name, method):
    stranger = signed_in(at=make_location())
    assert getattr(stranger, method)(url(name, patient)).status_code in (404, 405)
    assert ReadAudit.objects.count() == 0


def test_another_clinics_consent_and_photo_are_not_found(signed_in, client, patient, agreed):
    upload(client, patient)
    photo = Photo.objects.get()
    stranger = signed_in(at=make_location())
    for path in (
        url("consent", patient, "photo"),
        reverse("photo", args=[photo.pk]),
        reverse("photo_small", args=[photo.pk]),
    ):
        assert stranger.get(path).status_code == 404
    assert stranger.post(url("consent_withdraw", patient, agreed.pk)).status_code == 404
    agreed.refresh_from_db()
    assert agreed.withdrawn_at is None


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.MANAGER, Role.READ_ONLY])
@pytest.mark.parametrize("name", ["screening_take", "assess", "scores", "photos"])
def test_the_record_is_not_found_by_others_than_clinicians(signed_in, patient, role, name):
    assert signed_in(role).get(url(name, patient)).status_code == 404
    assert ReadAudit.objects.count() == 0


def test_a_reader_changes_nothing(signed_in, patient):
    reader = signed_in(Role.READ_ONLY)
    for name in ("patient_edit", "screening_take", "screening_override", "assess", "photos"):
        assert reader.post(url(name, patient), {}).status_code == 404
    assert reader.post(reverse("patient_new"), NEW).status_code == 404
    assert Patient.objects.count() == 1


def test_a_stranger_signs_in_first(patient):
    for name in OWN_PAGES:
        answer = Client().get(url(name, patient))
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))


def test_no_text_of_a_record_becomes_markup(client, patient, location, agreed):
    Patient.objects.update(first_name=EVIL[:120], last_name=EVIL[:120], email="", notes=EVIL)
    ScreeningQuestion.objects.update(text=EVIL, help=EVIL, source=EVIL, date_meaning=EVIL)
    screen(client, patient, location, keloid="")
    client.post(url("screening_override", patient), {"key": "o", "code": "keloid", "reason": EVIL})
    own = {"note": EVIL, "hips-left-severity": "severe", "hips-left-reason": EVIL}
    client.post(url("assess", patient), judged() | own)
    upload(client, patient)
    assert ScreeningOverride.objects.count() == AreaFinding.objects.filter(severity_reason=EVIL).count() == 1
    paths = [url(name, patient) for name in OWN_PAGES] + [url("consent", patient, "treatment")]
    for path in [*paths, reverse("patients"), f"{reverse('patients')}?q=%3Cscript%3Ealert('x')"]:
        content = client.get(path).content.decode()
        assert "<script>alert" not in content
        assert "<img src=x" not in content
        assert " style=" not in content
        assert "onerror=alert(1)>" not in content.replace("onerror=alert(1)&gt;", "")
