"""Finds what a page says outside brackets: ⟦translated⟧ by `tests/pseudo.py`, ⟪typed⟫ by `tests/typed_data.py`.

Left over may be numbers, times, units, roman numerals (skin types), addresses, blanks to fill and keys to press.
A sentence is one translated text: two of them, or one and a number, side by side are pieces that were glued, unless
the first is a whole sentence, or a label (it begins with a capital) stands beside its number or its time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.utils import dates

SILENT = {"script", "style", "code", "kbd", "textarea", "svg", "template"}
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SAID_BY = ("title", "aria-label", "placeholder", "alt", "aria-description", "data-label")
INLINE = {"b", "strong", "em", "i", "time", "data"}
CALENDAR = {
    str(word)
    for words in (
        dates.WEEKDAYS,
        dates.WEEKDAYS_ABBR,
        dates.MONTHS,
        dates.MONTHS_3,
        dates.MONTHS_AP,
        dates.MONTHS_ALT,
    )
    for word in words.values()
} | {word.capitalize() for word in map(str, dates.MONTHS_3.values())}
NO_WORDS = re.compile(
    r"""[\w.+-]+@[\w.-]+            # addresses
    | \b\w+(?:/\w+)+\b              # time zones, paths
    | (?:^|(?<=\d)\s?|(?<=\d\s))(?:mm|cm|min|h|g|kB|MB|°C)(?=\W|$)
    | (?<=\d\d:\d\d\ )[A-Z]{3,4}\b  # a zone's own letters
    | \{\w+\}                     # blanks
    | \b[IVX]+\b                    # skin types
    | \b[\w-]*\d[\w-]*\b            # numbers of things: L-1, v2
    """,
    re.VERBOSE,
)
CITED = re.compile(r"\bdoi\b|[A-Z][\w.]+,? (?:19|20)\d\d\b|POSAS 2|K200044|manual p\d")
"""A source names a paper or a device, in no language."""
LETTER = re.compile(r"[^\W\d_]")


@dataclass(slots=True)
class _Element:
    tag: str
    depth: int = 0
    """How many brackets were open where it began: those opened inside end with it, cut off or not."""
    is_typed: bool = False
    """Whether it shows text with lines of its own, as a mail's."""
    value: str | None = None
    """Of a choice: what is said as it is sent, as a time zone, is a name and no text."""
    pieces: list[str] = field(default_factory=list)
    """Its own texts; an inline child with text of its own stands between them as ␟."""


class Reader(HTMLParser):
    """All that a page says, text by text, beside the element it stands in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[tuple[str, str]] = []
        self.split: list[str] = []
        self._open: list[_Element] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("type") not in ("hidden",):
            self.said += [(f"{tag} {name}", given[name] or "") for name in SAID_BY if given.get(name)]
            if tag == "input" and given.get("type") in ("submit", "button"):
                self.said.append((tag, given.get("value") or ""))
        if tag not in EMPTY:
            self._open.append(_Element(tag, self._depth, given.get("dir") == "auto", given.get("value")))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            element = self._open.pop()
            self._close(element)
            self._depth = min(self._depth, element.depth) if element.tag not in INLINE else self._depth
            if element.tag == tag:
                break

    def _close(self, element: _Element) -> None:
        whole = "".join(element.pieces)
        if re.search(r"⟧\s*␟\s*[^\s⟦]*⟦", whole):
            self.split.append(f"<{element.tag}> {' '.join(whole.split())}")
        if self._open:
            has_text = bool(whole.strip())
            self._open[-1].pieces.append("␟" if element.tag in INLINE and has_text else "¦")

    def handle_data(self, data: str) -> None:
        if not data.strip() or any(each.tag in SILENT for each in self._open):
            return
        if self._open and (self._open[-1].value or "").replace("_", " ") == data.strip():
            return
        within = "⟦" * self._depth + data
        self._depth = max(0, within.count("⟦") - within.count("⟧"))
        tag, lines = (self._open[-1].tag, [within]) if self._open else ("", [within])
        if self._open and self._open[-1].is_typed:
            lines = within.split("\n")
        self.said += [(tag, line) for line in lines]
        if self._open:
            self._open[-1].pieces.append("" if within.startswith("⟦" * 2) else data)


def without_brackets(text: str) -> tuple[str, list[str]]:
    """What stands outside, with ■ for each outermost ⟦text⟧ and □ for each ⟪text⟫; and the texts of the former."""
    outside, inside, depth, typed, begun = [], [], 0, 0, 0
    for at, char in enumerate(text):
        if char == "⟪":
            typed += 1
            if typed == 1 and not depth:
                outside.append("□")
        elif char == "⟫":
            typed = max(0, typed - 1)
        elif typed:
            continue
        elif char == "⟦":
            depth += 1
            if depth == 1:
                outside.append("■")
                begun = at + 1
        elif char == "⟧":
            depth = max(0, depth - 1)
            if not depth:
                inside.append(text[begun:at])
        elif not depth:
            outside.append(char)
    return "".join(outside), inside


def faults(text: str) -> Iterator[str]:
    """What is wrong with one text."""
    text = " ".join(text.split())
    if CITED.search(text):
        return
    outside, inside = without_brackets(text)
    if LETTER.search(NO_WORDS.sub("", outside)):
        yield f"not translated: {text}"
    words = iter(inside)
    spoken = re.sub("■", lambda _found: _kind(next(words, "")), outside)
    if re.search(r"[■▲] ?[■▲]|■ ?[\d□]|[\d□] ?■|▲ □|□ ▲|▲ \d(?!\d:)", spoken):
        yield f"glued: {text}"


def _kind(word: str) -> str:
    """▪ for a day's or a month's name, ● for a whole sentence, ▲ for a label, ■ for what can only be a piece."""
    if word in CALENDAR:
        return "▪"
    if word.rstrip("⟧⟫”")[-1:] in (".", "?", "!", ":", "…"):
        return "●"
    return "▲" if word[:1].isupper() or word[:1].isdigit() else "■"


def faults_of_page(html: str) -> set[str]:
    reader = Reader()
    reader.feed(html)
    found = {f"<{where}> {fault}" for where, text in reader.said for fault in faults(text)}
    return found | {f"split: {text}" for text in reader.split}


def faults_of_json(value: object) -> Iterator[str]:
    """Sentences of an answer; a code has no spaces."""
    if isinstance(value, dict):
        for each in value.values():
            yield from faults_of_json(each)
    elif isinstance(value, list):
        for each in value:
            yield from faults_of_json(each)
    elif isinstance(value, str) and " " in value.strip():
        yield from faults(value)
