"""Which sessions a change would hit: it is made and looked at, and undone unless whoever makes it has seen them.

What stands in a session's way is not the clinic's to know: `settings.SESSION_WATCH` names who looks.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, cast

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from clinic.errors import Refusal
from clinic.models import Location, Resource


@dataclass(frozen=True, slots=True)
class ChangeScope:
    """Where a change may hit sessions: the narrower, the fewer are looked at. `patient_id` for one of a record."""

    location: Location
    resource: Resource | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    patient_id: int | None = None


class PersonHit(Protocol):
    """As far as a clinic knows one."""

    pk: int

    @property
    def full_name(self) -> str: ...

    @property
    def initials(self) -> str: ...


@dataclass(frozen=True, slots=True)
class SessionHit:
    """A session with what newly stands in its way; `cause` is what it has in common with others, if anything.

    `about` says which session and when.
    """

    session_id: int
    patient: PersonHit
    code: str
    until: date | None
    about: str
    sentence: str
    cause: str


class Watch(Protocol):
    """Looks at the sessions of a scope when it is made, and once more when asked."""

    def newly_hit(self) -> tuple[SessionHit, ...]: ...


class SessionsHit(Refusal):
    """Not refused for good: whoever has seen the `hits` may go on."""

    code = "sessions_hit"
    sentence = _("This hits {count} booked sessions. Nothing was changed yet.")
    next_step = _("Look at them, then go on or leave it.")

    def __init__(self, hits: tuple[SessionHit, ...]) -> None:
        self.hits = hits
        super().__init__(count=len({each.session_id for each in hits}))


@contextmanager
def hits_seen_first(scope: ChangeScope, *, seen: str, now: datetime) -> Iterator[None]:
    """Make a change in the block; refuse it (`SessionsHit`) if it hits others than those of which `seen` says."""
    with transaction.atomic():
        watch = _watch(scope, now)
        yield
        hits = watch.newly_hit()
        if hits and seen != sign_of(hits):
            raise SessionsHit(hits)


def would_hit(scope: ChangeScope, change: Callable[[], object], *, now: datetime) -> tuple[SessionHit, ...]:
    """Make a change, look, and undo it."""
    with transaction.atomic():
        hits = hit_by(scope, change, now=now)
        transaction.set_rollback(True)
    return hits


def hit_by(scope: ChangeScope, change: Callable[[], object], *, now: datetime) -> tuple[SessionHit, ...]:
    """Make a change, and say whom it hit."""
    with transaction.atomic():
        watch = _watch(scope, now)
        change()
        return watch.newly_hit()


def sign_of(hits: tuple[SessionHit, ...]) -> str:
    """The same for the same sessions and reasons; by it a page says which of them somebody has seen."""
    said = ";".join(sorted(f"{each.session_id}:{each.code}" for each in hits))
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def _watch(scope: ChangeScope, now: datetime) -> Watch:
    look = cast(Callable[[ChangeScope, datetime], Watch], import_string(settings.SESSION_WATCH))
    return look(scope, now)
