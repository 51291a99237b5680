"""Lucide's icons as its package draws them, but each drawn once: a page holds dozens, and one costs like a query."""

from functools import cache

from django import template
from lucide.templatetags.lucide import lucide as draw

register = template.Library()
lucide = register.simple_tag(cache(draw), name="lucide")
