"""Lucide's icons as its package draws them, but each drawn once: a page holds dozens, and one costs like a query."""

from functools import cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as draw

register = template.Library()
lucide = register.simple_tag(cache(draw), name="lucide")


@register.simple_tag
@cache
def icon(name: str, look: str = "") -> SafeString:
    """An icon beside words that say the same, `{% icon "check" %}`; `look` is the design's class for its size."""
    return SafeString(draw(name, size=None, **{"class": f"icon {look}".strip(), "aria_hidden": "true"}))
