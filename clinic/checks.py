"""What is wrong with the settings, said when the app starts and not by the first stranger."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def proxies(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Behind a proxy every request has its address; how many stand there tells which entry is the client's own."""
    count = settings.TRUSTED_PROXY_COUNT
    if count < 0 or (settings.BEHIND_PROXY and count == 0):
        hint = "Set TRUSTED_PROXY_COUNT to how many proxies of yours a request passes: 1 behind one."
        return [
            Error("BEHIND_PROXY without a number of proxies: everybody would share one address.", hint=hint)
        ]
    if count and not settings.BEHIND_PROXY:
        hint = (
            "Set BEHIND_PROXY=true, or TRUSTED_PROXY_COUNT=0: without a proxy anybody could name an address."
        )
        return [Error("TRUSTED_PROXY_COUNT without BEHIND_PROXY.", hint=hint)]
    return []
