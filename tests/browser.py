"""A small browser over plain HTTP: it keeps cookies, finds forms, and sends them as they stand on the page."""

import http.client
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

Fields = list[tuple[str, str]]


class _Forms(HTMLParser):
    """Of each form: where it goes, and its hidden inputs and first named button as name and value."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, Fields]] = []
        self.alerts: list[str] = []
        self._alert_depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), []))
        elif self.found and given.get("name") and (given.get("type") == "hidden" or tag == "button"):
            self.found[-1][1].append((given["name"], given.get("value", "")))
        if given.get("role") == "alert":
            self._alert_depth = 1
            self.alerts.append("")
        elif self._alert_depth and tag == "div":
            self._alert_depth += 1

    def handle_endtag(self, tag: str) -> None:
        if self._alert_depth and tag == "div":
            self._alert_depth -= 1

    def handle_data(self, data: str) -> None:
        if self._alert_depth and data.strip():
            self.alerts[-1] = f"{self.alerts[-1]} {data.strip()}".strip()


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    status: int
    text: str
    location: str

    def _parsed(self) -> _Forms:
        parser = _Forms()
        parser.feed(self.text)
        return parser

    @property
    def alerts(self) -> list[str]:
        """What the page says is wrong."""
        return self._parsed().alerts

    def forms_with(self, name: str) -> list[tuple[str, Fields]]:
        """Where each form goes that has a field of this name, and what it sends."""
        forms = self._parsed().found
        return [(to or self.path, sent) for to, sent in forms if name in dict(sent)]


@dataclass
class Browser:
    """`root` is the address of the app. Copies share nothing but the cookies they start with."""

    root: str
    cookies: dict[str, str] = field(default_factory=dict)

    def sign_in(self, email: str, password: str) -> None:
        ((to, sent),) = self.get("/account/login/").forms_with("csrfmiddlewaretoken")[:1]
        answer = self.post(to, [*sent, ("login", email), ("password", password)])
        assert answer.status == 302, answer.status

    def another(self) -> "Browser":
        return Browser(self.root, dict(self.cookies))

    def get(self, path: str) -> Page:
        return self._ask("GET", path)

    def post(self, path: str, fields: Fields) -> Page:
        return self._ask("POST", path, urlencode(fields))

    def _ask(self, method: str, path: str, body: str | None = None) -> Page:
        connection = http.client.HTTPConnection(urlsplit(self.root).netloc, timeout=120)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: each.value for name, each in SimpleCookie(line).items()}
        return Page(path, answer.status, text, answer.headers.get("Location", ""))
