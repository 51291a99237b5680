"""Forms and their fields are drawn by Jinja2, as Django's form renderer: its own templates take three times as long.

The templates stand in templates/compiled.
"""

from functools import cache
from typing import Any

from django.forms.renderers import BaseRenderer
from django.http import HttpRequest
from django.template import TemplateDoesNotExist, engines
from django.template.defaultfilters import capfirst, yesno
from django.template.loader import get_template
from django.utils.translation import get_language, gettext
from jinja2 import Environment

from clinic.templatetags.icons import icon
from clinic.templatetags.moments import day
from clinic.templatetags.shell import control, kind_of, label

INPUTS = {
    f"django/forms/widgets/{kind}.html"
    for kind in (
        "checkbox",
        "date",
        "email",
        "file",
        "hidden",
        "input",
        "number",
        "password",
        "text",
        "time",
        "url",
    )
}
"""Django's templates that only call its input.html."""


class Compiled(BaseRenderer):
    """Renders forms and widgets; one that has no compiled template, as the admin's have none, is drawn by Django."""

    field_template_name = "field.html"

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        if template_name in INPUTS:
            return str(engines["compiled"].env.globals["parts"].input(context["widget"]))  # type: ignore[attr-defined]
        return super().render(template_name, context, request)

    def get_template(self, template_name: str) -> Any:
        return _template(template_name)


@cache
def _template(name: str) -> Any:
    try:
        return engines["compiled"].get_template(name)
    except TemplateDoesNotExist:
        return get_template(name)


def environment(**options: Any) -> Environment:
    """Jinja2 with what our templates ask for; times are shown in the zone of the page, as Django shows them."""
    made = Environment(**options)  # noqa: S701 - Django asks for escaping
    made.globals |= {"_": _translated, "icon": icon}
    made.filters |= {
        "capfirst": capfirst,
        "control": control,
        "day": day,
        "kind_of": kind_of,
        "label": label,
        "yesno": yesno,
    }
    made.globals["parts"] = made.get_template("parts.html").module
    return made


def _translated(said: str) -> str:
    return _translation(get_language(), said)


@cache
def _translation(_language: str | None, said: str) -> str:
    """Looked up once: what has no translation is sought in every catalogue there is."""
    return gettext(said)
