"""Form fields are drawn by Jinja2: a page holds dozens of them, and Django's own templates take ten times as long."""

from functools import cache
from typing import Any

from django.forms.renderers import BaseRenderer
from django.template import TemplateDoesNotExist, engines
from django.template.loader import get_template
from django.utils.text import capfirst
from django.utils.translation import gettext
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


def environment(**options: Any) -> Environment:
    """Jinja2 with what the fields' templates ask for."""
    made = Environment(**options)  # noqa: S701 - Django asks for escaping
    made.globals |= {"_": gettext, "lucide": lucide}
    made.filters |= {"capfirst": capfirst, "control": control, "kind_of": kind_of}
    return made
