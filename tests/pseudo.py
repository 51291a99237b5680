"""A language in which every translated text stands in brackets: what stands outside them did not pass through it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.test import override_settings
from django.utils import translation
from django.utils.translation import trans_real

PSEUDO = "en-xa"


class PseudoTranslation(trans_real.DjangoTranslation):
    """English with ⟦brackets⟧ around each text that was asked for."""

    def gettext(self, message: str) -> str:
        return f"⟦{message.rsplit(trans_real.CONTEXT_SEPARATOR, 1)[-1]}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@contextmanager
def pseudo_language() -> Iterator[None]:
    """Whatever is translated inside is bracketed; pages asked for by a client, too."""
    pseudo = PseudoTranslation(PSEUDO)
    with override_settings(LANGUAGE_CODE=PSEUDO, LANGUAGES=[*settings.LANGUAGES, (PSEUDO, "Brackets")]):
        vars(trans_real)["_translations"][PSEUDO] = pseudo
        with translation.override(PSEUDO):
            yield
