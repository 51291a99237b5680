"""Many rows changed in one statement, and kept in the audit log as one save after the other would be."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy

from auditlog.cid import get_cid
from auditlog.context import auditlog_disabled
from auditlog.diff import model_instance_diff
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import router
from django.db.models import Model
from django.db.models.signals import pre_save

from clinic.actor import Actor


@contextmanager
def changing(rows: Sequence[Model], *fields: str, by: Actor) -> Iterator[None]:
    """Write these fields at the end of the block, as they are then: of each kind of row those that it has.

    A statement for each kind, and one for the audit log: Django's `bulk_update` alone sends no signal, so auditlog
    would keep nothing.
    """
    before = [copy(row) for row in rows]
    yield
    for kind in {type(row) for row in rows}:
        own = {field.name for field in kind._meta.concrete_fields}.intersection(fields)
        kind._default_manager.bulk_update([row for row in rows if type(row) is kind], sorted(own))
    if not auditlog_disabled.get():
        LogEntry.objects.bulk_create(_entries(before, rows, fields, by))


def _entries(
    before: Iterable[Model], after: Iterable[Model], fields: Sequence[str], by: Actor
) -> Iterator[LogEntry]:
    for was, row in zip(before, after, strict=True):
        changes = model_instance_diff(was, row, fields_to_check=fields)
        if changes:
            entry = LogEntry(
                content_type=ContentType.objects.get_for_model(row),
                object_pk=str(row.pk),
                object_id=row.pk,
                object_repr=str(row),
                action=LogEntry.Action.UPDATE,
                changes=changes,
                actor=by.user,
                actor_email=by.user.email,
                cid=get_cid(),
            )
            # auditlog's middleware adds the address here, as it does to what is saved one by one
            pre_save.send(
                LogEntry, instance=entry, raw=False, using=router.db_for_write(LogEntry), update_fields=None
            )
            yield entry
