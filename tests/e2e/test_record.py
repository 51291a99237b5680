"""The record's pages in a real browser: what script adds, what is left without it, and how they look at every width."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from patients.choices import AdattoStage, ConsentKind, Side, Site, StriaType
from patients.models import Patient, Photo, ScreeningQuestion
from patients.services.assessments import Filled, JudgedArea, assess
from patients.services.defaults import load_consent_texts, load_screening_questions
from patients.services.screening import Reply, take_screening
from tests.e2e.conftest import THEMES, WIDTHS, barriers, picture, scrolls_sideways
from tests.makers import acting, make_consent, make_location, make_patient, make_staff
from tests.patients.test_photos import picture as photo_bytes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = ("edit", "screening/take", "screening", "consent/treatment", "assess", "scores", "photos")


@pytest.fixture
def patient() -> Patient:
    location = make_location()
    load_screening_questions(location.clinic)
    load_consent_texts(location.clinic)
    make_staff(location, email="record@example.com", name="Dr Elena Marsh")
    patient = make_patient(location.clinic, first_name="Jade", last_name="Robinson")
    make_consent(patient, kind=ConsentKind.PHOTO, valid_from=date(2020, 1, 1), valid_to=date(2999, 1, 1))
    return patient


@pytest.fixture
def with_a_record(patient: Patient) -> Patient:
    """Screened, judged twice, photographed twice."""
    by, now = patient.clinic.locations.get().staff.get(), timezone.now()
    replies = [Reply(each.pk, each.code == "keloid") for each in ScreeningQuestion.objects.all()]
    take_screening(patient, replies, is_recheck=False, note="", by=acting(by), key="s", now=now)
    for width in ("4.2", "3.1"):
        marks = (Filled("davey", (0, 1, 1, 1)),)
        seen = JudgedArea(
            Site.ABDOMEN, Side.MIDDLE, StriaType.ALBA, AdattoStage.STAGE_IIB, Decimal(width), filled=marks
        )
        assess(patient, [seen], by=acting(by), key=width, now=now)
        kept = Photo(
            patient=patient, view="region", width_px=40, height_px=30, taken_at=now, taken_by=by.user
        )
        kept.file.save("x.jpg", ContentFile(photo_bytes()), save=False)
        kept.save()
    return patient


@pytest.fixture
def open_page(
    somebody: Callable[..., BrowserContext], live_server: object, patient: Patient
) -> Callable[..., Page]:
    """A signed-in clinician's view of one page of the patient's record."""
    client = Client()
    client.force_login(patient.clinic.locations.get().staff.get().user)
    root = str(live_server)
    cookie = {"name": "session", "value": client.cookies["session"].value, "url": root}

    def visit(path: str, **options: object) -> Page:
        context = somebody(**options)
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(f"{root}/patients/{patient.pk}/{path}/")
        return page

    return visit


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_and_has_no_barrier(
    open_page: Callable[..., Page], with_a_record: Patient, width: int, theme: str
) -> None:
    for path in PAGES:
        page = open_page(path, width=width, theme=theme)
        picture(page, f"record-{path.replace('/', '-')}-{width}-{theme}")
        assert (path, barriers(page), scrolls_sideways(page)) == (path, [], False)


def press(page: Page, box: str) -> None:
    """Press a box that its label covers, wherever a bar may lie over it."""
    page.locator(f"input{box}").evaluate("box => box.click()")


def test_an_area_is_picked_on_the_figure_and_judged_live(open_page: Callable[..., Page]) -> None:
    page = open_page("assess")
    page.locator('path[data-area="abdomen-middle"]').click(force=True)
    press(page, '[name="abdomen-middle-stage"][value="IIb"]')
    verdict = page.locator("#verdict-abdomen-middle")
    expect(verdict).to_contain_text("Stage IIb or IIIa makes it moderate")
    for quarter in ("upper_right", "upper_left", "lower_right", "lower_left"):
        press(page, f'[name="abdomen-middle-davey_{quarter}"][value="1"]')
    total = page.locator("#card-abdomen-middle [data-total]").first
    expect(total).to_have_text("4 · Severe")
    page.fill("#id_abdomen-middle-widest_mm", "5.5")
    page.keyboard.press("Tab")
    expect(verdict).to_contain_text("a mark of 5 mm or wider makes it severe")
    press(page, '[name="area"][value="hips-left"]')
    expect(page.locator("#card-hips-left")).to_be_visible()
    expect(total).to_have_text("4 · Severe")


def test_areas_are_chosen_without_script(open_page: Callable[..., Page]) -> None:
    page = open_page("assess", java_script_enabled=False)
    page.locator('input[name="area"][value="calf-both"]').check(force=True)
    page.get_by_role("button", name="Judge the areas chosen").click()
    expect(page.locator("#card-calf-both")).to_be_visible()


def test_two_photos_lie_under_one_slider(open_page: Callable[..., Page], with_a_record: Patient) -> None:
    page = open_page("photos")
    page.locator(".compare input").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".compare").evaluate("pair => pair.style.getPropertyValue('--cut')") == "51%"


def test_two_photos_stand_side_by_side_without_script(
    open_page: Callable[..., Page], with_a_record: Patient
) -> None:
    page = open_page("photos", java_script_enabled=False)
    left, right = (page.locator(".pair figure").nth(n).bounding_box() for n in (0, 1))
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]
    expect(page.locator(".pair input")).to_be_hidden()


def test_a_yes_asks_for_its_date(open_page: Callable[..., Page]) -> None:
    page = open_page("screening/take")
    asked = page.locator(".q").nth(1)
    expect(asked.locator("input[type=date]")).to_be_hidden()
    asked.locator("input[value=yes]").click()
    expect(asked.locator("input[type=date]")).to_be_visible()


def test_a_hundred_megabytes_are_answered_with_a_sentence(
    open_page: Callable[..., Page], tmp_path: object
) -> None:
    big = f"{tmp_path}/big.jpg"
    with open(big, "wb") as file:
        file.truncate(100 * 2**20)
    page = open_page("photos")
    page.set_input_files("input[type=file]", big)
    page.get_by_role("button", name="Store photo").click()
    expect(page.get_by_role("alert")).to_contain_text("The file is larger than 20 MB. Nothing was stored.")
    assert Photo.objects.count() == 0
