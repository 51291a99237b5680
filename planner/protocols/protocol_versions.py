"""A protocol is never changed, only followed by its next version: whoever began with one keeps it to the end."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.localtime import day_label, local_date
from clinic.services.once import once
from clinic.services.versions import Stale
from patients.choices import Certainty
from planner.models import Protocol, ProtocolGap, ProtocolVersion
from planner.protocols.recipes import load_recipes
from planner.protocols.skin_types import ROMAN, skin_types

Row = TypeVar("Row", bound=Model)
Values = Mapping[str, Any]
KNOWN_BY = {"gaps": "skin_type_from", "phases": "position", "depths": "site", "steps": "code"}
ALL_TYPES = range(1, 7)
WITHOUT_SOURCE = {"phases"}
NEEDS_NO_SOURCE = {"is_active"}
OF_THE_SOURCE = ("sessions_min", "sessions_target", "sessions_max")
"""Of a version's own figures, those that its source speaks of."""


class FloorTooLow(Refusal):
    code = "floor_too_low"
    status = 422
    sentence = _(
        "No sessions are ever closer than {floor_days} days with this method; {days} days are not safe."
    )
    next_step = _("Nothing was saved. Choose a longer gap that nobody may go under.")


class GapTooShort(Refusal):
    """`days` is the shortest gap for `types`, in words, and under the floor of `floor_days`."""

    code = "gap_too_short"
    status = 422
    sentence = _("{types}: the shortest gap is {days} days, and nobody may go under {floor_days}.")
    next_step = _("Nothing was saved. Choose a longer gap.")


class GapOutlastsScreening(Refusal):
    """With such a gap every session would find the screening lapsed."""

    code = "gap_outlasts_screening"
    status = 422
    sentence = _("{types}: the longest gap is {days} days, but screening lapses after {lapse_days}.")
    next_step = _("Nothing was saved. Choose a shorter gap, or let screening last longer.")


class SkinTypesTwice(Refusal):
    code = "skin_types_twice"
    status = 422
    sentence = _("Days between sessions: more than one row speaks of skin type {types}.")
    next_step = _("Nothing was saved. Let every skin type stand in one row.")


class SkinTypesMissing(Refusal):
    code = "skin_types_missing"
    status = 422
    sentence = _("Days between sessions: no row speaks of skin type {types}.")
    next_step = _("Nothing was saved. Let every skin type stand in one row.")


class NothingChanged(Refusal):
    code = "nothing_changed"
    status = 422
    sentence = _("This is what the protocol says already.")
    next_step = _("Nothing was saved. Change something, or leave the page.")


@dataclass(frozen=True, slots=True)
class Revision:
    """What the next version says and why; what is not named stays. Rows go by what `KNOWN_BY` says.

    `figures` are the version's own fields; `note` is kept as what changed. `gone` and `new` name rows by where they
    stand: "gaps" or "steps".
    """

    note: str
    figures: Values = field(default_factory=dict)
    gaps: Mapping[int, Values] = field(default_factory=dict)
    phases: Mapping[int, Values] = field(default_factory=dict)
    depths: Mapping[str, Values] = field(default_factory=dict)
    steps: Mapping[str, Values] = field(default_factory=dict)
    gone: Mapping[str, Collection[Any]] = field(default_factory=dict)
    new: Mapping[str, Sequence[Values]] = field(default_factory=dict)


@once
def revise(
    protocol: Protocol, revision: Revision, *, based_on: int, by: Actor, key: str, now: datetime
) -> ProtocolVersion:
    """The protocol's next version, a whole one: every row is copied. Series keep the version they began with.

    A figure or text that changes becomes the clinic's own setting. Refuses when the current version is not number
    `based_on`, gaps under what the method allows or longer than screening lasts, a skin type with two rows of gaps or
    none, and a revision that changes nothing.
    """
    return _write(_current(protocol, based_on), revision, by, now)


@once
def offer(protocol: Protocol, *, is_offered: bool, by: Actor, key: str, now: datetime) -> Protocol:
    """Offer the protocol for new series, or no longer; running ones go on."""
    protocol.is_active = is_offered
    protocol.save(update_fields=["is_active"])
    return protocol


def _current(protocol: Protocol, based_on: int) -> ProtocolVersion:
    """The current version, locked against other editors; refuses when it is not the one that was looked at."""
    Protocol.objects.select_for_update(no_key=True).get(pk=protocol.pk)
    current = protocol.versions.get(is_current=True)
    if current.number != based_on:
        raise Stale()
    return current


def _write(current: ProtocolVersion, revision: Revision, by: Actor, now: datetime) -> ProtocolVersion:
    ours = _own_setting(by, now)
    figures = _differing(current, revision.figures)
    is_sourced = any(name in figures for name in OF_THE_SOURCE)
    children = {name: _revised(current, name, revision, ours) for name in KNOWN_BY}
    if not figures and not any(changed for changed, _rows in children.values()):
        raise NothingChanged()
    version = _copy(
        current,
        number=current.number + 1,
        created_at=now,
        created_by=by.user,
        change_note=revision.note,
        **figures,
        **(ours if is_sourced else {}),
    )
    _refuse_unsafe(version, children["gaps"][1])
    _replace(current, version)
    for _changed, rows in children.values():
        _add(version, rows)
    return version


def _replace(current: ProtocolVersion, version: ProtocolVersion) -> None:
    current.is_current = False
    current.save(update_fields=["is_current"])
    version.save()


def _add(version: ProtocolVersion, rows: Sequence[Any]) -> None:
    for row in rows:
        row.version = version
    if rows:
        type(rows[0])._default_manager.bulk_create(rows)


def _revised(version: ProtocolVersion, name: str, revision: Revision, ours: Values) -> tuple[bool, list[Any]]:
    """Whether any of these rows changes, goes or is new, and copies of all of them as they are to be."""
    said, kind = getattr(revision, name), getattr(version, name).model
    rows = [kind(**values, **ours) for values in revision.new.get(name, ())]
    changed = bool(rows)
    for row in getattr(version, name).all():
        if getattr(row, KNOWN_BY[name]) in revision.gone.get(name, ()):
            changed = True
            continue
        values = _differing(row, said.get(getattr(row, KNOWN_BY[name]), {}))
        changed = changed or bool(values)
        is_sourced = name not in WITHOUT_SOURCE and values.keys() - NEEDS_NO_SOURCE
        rows.append(_copy(row, **values, **(ours if is_sourced else {})))
    return changed, rows


def _differing(row: Model, said: Values) -> dict[str, Any]:
    return {name: value for name, value in said.items() if getattr(row, name) != value}


def _copy(row: Row, **changes: Any) -> Row:
    """The same once more, not yet saved."""
    same = {
        each.attname: getattr(row, each.attname) for each in row._meta.concrete_fields if not each.primary_key
    }
    return type(row)(
        **{name: same[name] for name in same if name.removesuffix("_id") not in changes}, **changes
    )


def _own_setting(by: Actor, now: datetime) -> Values:
    day = day_label(local_date(now, by.location.zone))
    source = _t("The clinic's own setting, %(name)s, %(day)s") % {"name": by.name, "day": day}
    return {"source": source, "certainty": Certainty.CLINIC_SETTING.value}


def _refuse_unsafe(version: ProtocolVersion, gaps: Sequence[ProtocolGap]) -> None:
    floor = shipped_floor(version.protocol.modality)
    if version.floor_days < floor:
        raise FloorTooLow(floor_days=floor, days=version.floor_days)
    _refuse_uneven(gaps)
    for gap in gaps:
        types = skin_types(gap.skin_type_from, gap.skin_type_to)
        if gap.min_days < version.floor_days:
            raise GapTooShort(types=types, days=gap.min_days, floor_days=version.floor_days)
        if gap.max_days > version.lapse_days:
            raise GapOutlastsScreening(types=types, days=gap.max_days, lapse_days=version.lapse_days)


def _refuse_uneven(gaps: Sequence[ProtocolGap]) -> None:
    times = Counter(each for gap in gaps for each in range(gap.skin_type_from, gap.skin_type_to + 1))
    if twice := [ROMAN[each] for each in ALL_TYPES if times[each] > 1]:
        raise SkinTypesTwice(types=twice)
    if missing := [ROMAN[each] for each in ALL_TYPES if not times[each]]:
        raise SkinTypesMissing(types=missing)


def shipped_floor(modality: str) -> int:
    """The days between two sessions that no clinic may go under with this method."""
    return min(recipe.floor_days for recipe in load_recipes() if recipe.modality == modality)
