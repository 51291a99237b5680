"""Writes that may be repeated: a double click, a retried request, a client that lost the answer."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from clinic.errors import Refusal
from clinic.models import Command, User

LONGEST_KEY = 80


class KeyUsedForSomethingElse(Refusal):
    code = "key_used_for_something_else"
    status = 422
    sentence = _("This request was already used for something else.")
    next_step = _("Reload the page and try again.")


class KeyUnusable(Refusal):
    """Empty, longer than 80 characters, or with the one character that no database keeps."""

    code = "key_unusable"
    status = 422
    sentence = _("This request does not say which it is, so it could not be told from another.")
    next_step = _("Nothing was saved. Reload the page and try again.")


def fingerprint_of(asked: Any) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def once(*, by: User, key: str, name: str, asked: Any, now: datetime, do: Callable[[], int]) -> int:
    """Run `do` in a transaction and return the primary key it returns; with a key seen before, return what it was then.

    Two requests with one key at the same time: the second waits for the first on the unique row. A refusal leaves no
    row, so the same key may be tried again. Refuses a key that was used with other content, and one that is none.
    """
    if not 0 < len(key) <= LONGEST_KEY or "\x00" in key:
        raise KeyUnusable()
    with transaction.atomic():
        fingerprint = fingerprint_of(asked)
        command, created = Command.objects.get_or_create(
            user=by, key=key, defaults={"name": name, "fingerprint": fingerprint, "at": now}
        )
        if created:
            command.result_id = do()
            command.save(update_fields=["result_id"])
        elif (command.name, command.fingerprint) != (name, fingerprint):
            raise KeyUsedForSomethingElse()
        assert command.result_id is not None
        return command.result_id
