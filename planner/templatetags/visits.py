"""What many rows of a day hold: one button."""

from django import template
from django.middleware.csrf import get_token
from django.template import RequestContext

from planner.models import Session

register = template.Library()


@register.inclusion_tag("planner/_state_button.html", takes_context=True)
def state_button(
    context: RequestContext,
    session: Session,
    to: str,
    label: str,
    *,
    key: str,
    size: str = "btn--small",
    look: str = "",
) -> dict[str, object]:
    """Says what became of a session, and comes back to the page it stands on."""
    request = context.request
    given = {"session": session, "to": to, "label": label, "key": key, "size": size, "look": look}
    return given | {"path": request.get_full_path(), "csrf_token": get_token(request)}
