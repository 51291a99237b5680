"""What is refused in the treatment room."""

from django.utils.translation import gettext_lazy as _

from planner.schedule.refusals import BookingRefusal


class NotCheckedToday(BookingRefusal):
    code = "not_checked_today"
    sentence = _("The questions for today have not been asked before session {number}.")
    next_step = _("Ask them on the screening page, then start.")


class NotClearToday(BookingRefusal):
    code = "not_clear_today"
    sentence = _("Today's answers do not allow session {number}.")
    next_step = _(
        "Nothing was changed. See the checks on this page, then move the session or decide with a reason."
    )


class NothingRecorded(BookingRefusal):
    code = "nothing_recorded"
    status = 400
    sentence = _("No area of session {number} has been recorded.")
    next_step = _("Enter depth, passes and endpoint for each area that was treated.")


class TooDeep(BookingRefusal):
    """`depth_mm` was entered for `area`; `deepest_mm` is the most that the device's label allows."""

    code = "too_deep"
    status = 400
    sentence = _("{depth_mm} mm is too deep for {area}: {deepest_mm} mm is the most.")
    next_step = _("Nothing was saved. Correct the depth.")


class AreaNotInSeries(BookingRefusal):
    code = "area_not_in_series"
    status = 400
    sentence = _("{area} is not part of this series.")
    next_step = _("Nothing was saved. Record only the areas of the series.")


class CartridgeExpired(BookingRefusal):
    code = "cartridge_expired"
    status = 400
    sentence = _("This cartridge expired on {expires_on}.")
    next_step = _("Nothing was saved. Take another cartridge.")
