"""Names as they are compared: the same plain form for search, for lists, for duplicates and for signatures."""

import re
import unicodedata

LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ı": "i",
        "œ": "oe",
        "æ": "ae",
        "ŋ": "n",
        "ħ": "h",
        "ŧ": "t",
        "ĸ": "k",
        "ə": "e",
    }
)
"""Of Europe's letters those that are no plain one with an accent; ß is made ss by taking the case away."""
APOSTROPHES = re.compile("['’‘‛ʼʻ`´′]")
HYPHENS = re.compile("[-‐‑‒–—.]")


def fold(text: str) -> str:
    """`text` without case, accents, apostrophes and hyphens, single-spaced and in plain letters."""
    return _plain(HYPHENS.sub(" ", text))


def _plain(text: str) -> str:
    bare = APOSTROPHES.sub("", text)
    parts = unicodedata.normalize("NFKD", bare.casefold())
    whole = "".join(sign for sign in parts if not unicodedata.combining(sign)).translate(LETTERS)
    return " ".join(APOSTROPHES.sub("", HYPHENS.sub(" ", whole)).split())


def name_key(*names: str) -> str:
    """What is the same for names that are: spaces too are written or not (`Anna-Maria`, `Annamaria`)."""
    return fold(" ".join(names)).replace(" ", "")


def folded_name(first_name: str, last_name: str, former_names: str = "", *, most: int) -> str:
    """For lists and search, the surname first; what a hyphen parts also as one word, an apostrophe as two."""
    names = (last_name, first_name, former_names)
    joined = (_plain(HYPHENS.sub("", name)) for name in names if HYPHENS.search(name))
    parted = (fold(APOSTROPHES.sub(" ", name)) for name in names if APOSTROPHES.search(name))
    return " ".join(filter(None, [*map(fold, names), *joined, *parted]))[:most].strip()


def tidy_name(name: str) -> str:
    """Single-spaced and composed, without control characters and signs that nobody sees or that turn the direction.

    What joins or parts letters where the script needs it (Persian, Hindi) stays, and so do emoji.
    """
    composed = unicodedata.normalize("NFC", name)
    kept = (_kept(composed, at) for at in range(len(composed)))
    return " ".join("".join(kept).split())


def _kept(text: str, at: int) -> str:
    sign, kind = text[at], unicodedata.category(text[at])
    if kind == "Cc":
        return " "
    if kind not in ("Cf", "Co", "Cn", "Cs"):
        return sign
    joins = sign in "\u200c\u200d" and 0 < at < len(text) - 1
    return sign if joins and text[at - 1] > "\u0590" and text[at + 1] > "\u0590" else ""
