"""Two people with one page open: who saves last is told, instead of undoing what the other did."""

from django.utils.translation import gettext_lazy as _

from clinic.errors import Refusal
from clinic.models.versioned import Versioned


class SavedMeanwhile(Refusal):
    code = "stale"
    sentence = _("Someone saved this while you had it open. Nothing was changed.")
    next_step = _("Open the page again to see what it says now, and make your change there.")


class Stale(Refusal):
    """The same, of something that is not saved as a whole: a step on a page that is not up to date."""

    code = "stale"
    sentence = _("Someone changed this while you were looking.")
    next_step = _("Nothing was changed. Reload the page to see how things stand.")


def take_turn(row: Versioned) -> None:
    """Lock `row` and count its version for the save to come. Needs a transaction.

    Refuses unless `row.version`, the one its editor saw, is still the newest.
    """
    rows = type(row)._default_manager.select_for_update(no_key=True).filter(pk=row.pk)
    if rows.values_list("version", flat=True).first() != row.version:
        raise SavedMeanwhile()
    row.version += 1
