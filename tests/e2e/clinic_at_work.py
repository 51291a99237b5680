"""The main job, step by step, as three people do it: clinician, front desk, and a patient who reads her mail."""

import re
from collections.abc import Callable
from email.message import EmailMessage

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import barriers, picture, sign_in
from tests.e2e.running import Running
from tests.e2e.seed import PASSWORD
from tests.servers import wait_for

ADDRESS = "ines.carvalho@mail.example"
Somebody = Callable[..., BrowserContext]


def main_job(clinic: Running, somebody: Somebody, name: str) -> None:
    """From a new patient to the aftercare mail; pictures of the way are kept under `name`."""
    doctor = somebody().new_page()
    desk = somebody(theme="dark").new_page()
    sign_in(doctor, clinic.root, "doctor@clinic.example", PASSWORD)
    sign_in(desk, clinic.root, "desk@clinic.example", PASSWORD)

    patient_url = new_patient(doctor, clinic.root)
    answer_questions(doctor, f"{patient_url}screening/take/")
    sign_consent(doctor, patient_url)
    assess(doctor, patient_url)
    plan(doctor, name)
    session_url = book(doctor, clinic.root, name)
    read_mail(
        somebody,
        wait_for(lambda: clinic.mailbox.to(ADDRESS), 60, "the confirmation")[0],
        name,
        "confirmation",
    )
    check_in(desk, clinic.root, name)
    treat(doctor, session_url, patient_url, name)
    send_aftercare(desk, clinic.root, name)
    mails = wait_for(lambda: clinic.mailbox.to(ADDRESS)[1:], 60, "the aftercare mail")
    read_mail(somebody, mails[0], name, "aftercare")
    assert len({mail["Message-ID"] for mail in clinic.mailbox.to(ADDRESS)}) == len(clinic.mailbox.to(ADDRESS))


def new_patient(page: Page, root: str) -> str:
    page.goto(f"{root}/patients/new/")
    page.fill("[name=first_name]", "Inês “Nê”")
    page.fill("[name=last_name]", "O'Carvalho")
    page.fill("[name=date_of_birth]", "1994-03-09")
    page.fill("[name=email]", ADDRESS)
    page.locator("main form button[type=submit], main form .btn--main").first.click()
    page.wait_for_url(re.compile(r"/patients/\d+/"))
    found = re.search(r"/patients/\d+/", page.url)
    assert found
    return root + found[0]


def answer_questions(page: Page, url: str) -> None:
    page.goto(url)
    for box in page.locator("input[type=radio][value=no]").all():
        box.check(force=True)
    page.get_by_role("button", name="Save answers").click()
    page.wait_for_url(re.compile(r"/screening/$"))


def sign_consent(page: Page, patient_url: str) -> None:
    page.goto(f"{patient_url}consent/treatment/")
    page.check("[name=agreed]")
    page.fill("[name=signed_name]", "Inês “Nê” O'Carvalho")
    page.get_by_role("button", name="Sign this consent").click()
    expect(page.locator("main")).to_contain_text("Good until")


def assess(page: Page, patient_url: str) -> None:
    page.goto(f"{patient_url}assess/")
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.locator("input[name=area][value='abdomen-middle']").check(force=True)
    page.locator("[name='abdomen-middle-stria_type'][value=alba]").check(force=True)
    page.locator("[name='abdomen-middle-stage'][value=IIb]").check(force=True)
    page.fill("[name='abdomen-middle-widest_mm']", "3.5")
    page.locator("[name$=skin_type][value='2']").check(force=True)
    page.get_by_role("button", name="Save and plan").click()
    page.wait_for_url(re.compile(r"/plan/$"))


def plan(page: Page, name: str) -> None:
    expect(page.locator("#h-rec")).to_contain_text("moderate")
    picture(page, f"{name}-plan")
    assert barriers(page) == []
    page.get_by_role("button", name="See the plans").click()
    page.wait_for_url(re.compile(r"/series/\d+/plans/$"))


def book(page: Page, root: str, name: str) -> str:
    """Book the best plan; returns the address of its first session, which is today."""
    expect(page.locator(".plan")).to_have_count(3)
    picture(page, f"{name}-three-plans")
    assert barriers(page) == []
    page.get_by_role("button", name="Book this plan").dblclick()
    page.wait_for_url(re.compile(r"/series/\d+/$"))
    expect(page.locator(".chain > li")).to_have_count(4)
    picture(page, f"{name}-series")
    assert barriers(page) == []
    address = page.locator(".chain a").first.get_attribute("href")
    assert address
    return root + address


def read_mail(somebody: Somebody, mail: EmailMessage, name: str, kind: str) -> None:
    """The patient opens it on her telephone: nothing in the subject says what the visit is for."""
    assert not re.search("needl|skin|stretch|mark|treat|session", mail["Subject"], re.I)
    html = mail.get_body(("html",))
    text = mail.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "Inês" in text.get_content()
    page = somebody(width=360).new_page()
    page.set_content(html.get_content())
    expect(page.locator("body")).to_contain_text("Inês")
    picture(page, f"{name}-mail-{kind}")


def check_in(page: Page, root: str, name: str) -> None:
    page.goto(f"{root}/board/")
    expect(page.locator(".sess").first).to_contain_text("O'Carvalho")
    picture(page, f"{name}-board")
    page.goto(f"{root}/")
    page.get_by_role("button", name="Arrived").first.click()
    expect(page.locator("main")).to_contain_text("Here now")
    picture(page, f"{name}-today")
    assert barriers(page) == []


def treat(page: Page, session_url: str, patient_url: str, name: str) -> None:
    answer_questions(page, f"{patient_url}screening/again/")
    page.goto(session_url)
    page.get_by_role("button", name="Start the treatment").click()
    page.fill("[name=cartridge_lot]", "KN-2417")
    page.fill("[name=cartridge_expires_on]", "08/2031")
    page.fill("[name=pain]", "4")
    picture(page, f"{name}-session")
    assert barriers(page) == []
    page.get_by_role("button", name="Finish the session").dblclick()
    expect(page.locator(".chip").first).to_contain_text("Done")
    expect(page.locator(".savebar")).to_contain_text("by Doctor")


def send_aftercare(page: Page, root: str, name: str) -> None:
    """The first aftercare mail waits for four hours; the desk sends it now."""
    page.goto(f"{root}/messages/")
    picture(page, f"{name}-outbox")
    assert barriers(page) == []
    page.goto(f"{root}{waiting_aftercare(page)}")
    page.get_by_role("button", name="Send now").click()


def waiting_aftercare(page: Page) -> str:
    row = (
        page.locator("tr, li")
        .filter(has_text=re.compile("Waiting", re.I))
        .filter(has_text="O'Carvalho")
        .first
    )
    address = row.locator("a[href*='/messages/']").first.get_attribute("href")
    assert address
    return address
