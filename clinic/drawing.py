"""Form fields are drawn by Jinja2: a page holds dozens of them, and Django's own templates take ten times as long."""

from functools import cache
from typing import Any

from django.forms.renderers import BaseRenderer
from django.template import TemplateDoesNotExist, engines
from django.template.defaultfilters import capfirst, date, yesno
from django.template.loader import get_template
from django.utils.translation import get_language, gettext
from jinja2 import Environment

from clinic.templatetags.icons import lucide
from clinic.templatetags.shell import control, kind_of


class Fields(BaseRenderer):
    """Looks among the fields' templates first; what is not there, as the admin's widgets, Django draws."""

    get_template = staticmethod(cache(lambda name: _template(name)))


def _template(name: str) -> Any:
    try:
        return engines["fields"].get_template(name)
    except TemplateDoesNotExist:
        return get_template(name)


@cache
def _translated(_language: str, said: str) -> str:
    """In the language of the moment, looked up once: whatever has no translation is sought in every catalogue."""
    return gettext(said)


def environment(**options: Any) -> Environment:
    """Jinja2 with what the fields' templates ask for."""
    made = Environment(**options)  # noqa: S701 - Django asks for escaping
    made.globals |= {"_": lambda said: _translated(get_language(), said), "lucide": lucide}
    made.filters |= {
        "capfirst": capfirst,
        "control": control,
        "date": date,
        "kind_of": kind_of,
        "yesno": yesno,
    }
    made.globals["parts"] = made.get_template("parts.html").module
    return made
