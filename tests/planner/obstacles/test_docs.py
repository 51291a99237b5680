"""`docs/obstacles.md` is the table of the code: made anew by `python -m tests.planner.obstacles.test_docs`."""

import os
from collections.abc import Iterator

from tests.servers import ROOT

PAGE = ROOT / "docs" / "obstacles.md"
ABOUT = """# What stands in a session's way

Made from the code; do not edit. `planner/obstacles/` finds these, and everybody asks there: booking and moving refuse
by them, the board and Today mark by them, *Needs you* lists them.

*Stops*: the session cannot take place as it stands. *May become untrue*: what a mail says of it. *Removed by*: the
right of those who can remove it.

"""


def made() -> str:
    return ABOUT + "\n".join(_rows()) + "\n"


def _rows() -> Iterator[str]:
    from django.utils.translation import override

    from planner.obstacles.obstacle import KINDS
    from planner.obstacles.words import WORDS

    yield "| code | chip | what it says | stops | may become untrue | removed by |"
    yield "| --- | --- | --- | --- | --- | --- |"
    with override("en"):
        for code, kind in KINDS.items():
            words = WORDS[code]
            said = (str(words.chip.word), str(words.sentence), _yes(kind.stops), _yes(kind.holds_mail))
            plain = [each.replace("%(", "{").replace(")s", "}") for each in said]
            yield f"| `{code}` | {' | '.join(plain)} | `{kind.remover}` |"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else ""


def test_the_page_is_the_code_s() -> None:
    assert PAGE.read_text(encoding="utf-8") == made()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    import django

    django.setup()
    PAGE.write_text(made(), encoding="utf-8")
