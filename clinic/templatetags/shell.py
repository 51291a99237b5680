"""The top bar's places and how a form's field is drawn."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.db.models import Model
from django.forms import BoundField
from django.forms.widgets import CheckboxInput, FileInput, Select
from django.template import Context
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from clinic.labels import label_of
from clinic.permissions import Right

register = template.Library()


@dataclass(frozen=True, slots=True)
class MenuPlace:
    """One entry of the top bar; `key` is the second letter of its shortcut G, then key."""

    url_name: str
    label: Promise
    icon: str
    right: Right
    key: str


PLACES = (
    MenuPlace("today", _("Today"), "sun", Right.SEE_SCHEDULE, "t"),
    MenuPlace("board", _("Board"), "calendar-days", Right.SEE_SCHEDULE, "b"),
    MenuPlace("patients", _("Patients"), "users", Right.SEE_PATIENTS, "p"),
    MenuPlace("messages", _("Messages"), "mail", Right.SEE_MESSAGES, "m"),
    MenuPlace("settings", _("Settings"), "settings", Right.MANAGE_PROTOCOLS, "s"),
)

ALSO_BELOW = {"patients": ("/series/", "/sessions/")}


@dataclass(frozen=True, slots=True)
class MenuEntry:
    place: MenuPlace
    url: str
    is_current: bool


def _entry(place: MenuPlace, path: str) -> MenuEntry:
    url = reverse(place.url_name)
    below = (url, *ALSO_BELOW.get(place.url_name, ()))
    return MenuEntry(place, url, path == url if url == "/" else path.startswith(below))


@register.simple_tag(takes_context=True)
def places(context: Context) -> list[MenuEntry]:
    """Where this member of staff may go, in the bar's order."""
    request, rights = context.get("request"), context.get("rights") or frozenset()
    path = request.path if request is not None else ""
    return [_entry(place, path) for place in PLACES if place.right in rights]


@register.simple_tag(takes_context=True)
def here(context: Context, url: str) -> SafeString:
    """Marks a tab's link, `<a href="{{ url }}"{% here url %}>`, on its own page and on those below it."""
    return SafeString(' aria-current="page"' if context["request"].path.startswith(url) else "")


@register.filter
def label(row: Model | None, name: str) -> str:
    """What a row's choice is called, `{{ session|label:"state" }}`; nothing where there is no row."""
    return label_of(row, name) if isinstance(row, Model) else ""


@register.simple_tag
def field(field: BoundField, **look: Any) -> SafeString:
    """The whole field, as templates/compiled/field.html draws it: `{% field form.depth unit="mm" %}`."""
    return field.render("field.html", {"field": field, **look})


@register.simple_tag
def record_field(field: BoundField, **look: Any) -> SafeString:
    """A line of a session's record: today's field beside last time's value, `was`; may take `unit` and `of`."""
    return field.render("record_field.html", {"field": field, **look})


@register.simple_tag
def options(field: BoundField, **look: Any) -> SafeString:
    """The options alone of radios or check boxes."""
    return field.render("options.html", {"field": field, **look})


@register.simple_tag
def notes(field: BoundField, **look: Any) -> SafeString:
    """A field's hint and error alone."""
    return field.render("notes.html", {"field": field, **look})


@register.filter
def control(field: BoundField) -> SafeString:
    """The field's widget in the design's clothes; label, hint and error are drawn around it."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput | FileInput):
        return field.as_widget()
    look = "select" if isinstance(widget, Select) else "input"
    return field.as_widget(attrs={"class": f"{look} {widget.attrs.get('class', '')}".strip()})


@register.filter
def kind_of(field: BoundField) -> str:
    """`checkbox`, `radio` or `checkboxes` for fields drawn as options, otherwise `plain`."""
    kinds = {"checkbox": "checkbox", "radioselect": "radio", "checkboxselectmultiple": "checkboxes"}
    return kinds.get(field.widget_type, "plain")
