"""The cache of rate limits: Redis, or this process's own memory while Redis does not answer."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

ANSWERS_WITHIN_SECONDS = 0.5
LEFT_ALONE_SECONDS = 5
LINE_EVERY_SECONDS = 60


class _Silence:
    """How long Redis is left alone; one for the process, since Django makes a cache for every thread."""

    until = 0.0
    next_line = 0.0

    def begin(self, error: RedisError) -> None:
        now = time.monotonic()
        self.until = now + LEFT_ALONE_SECONDS
        if now >= self.next_line:
            self.next_line = now + LINE_EVERY_SECONDS
            log.warning("Redis does not answer (%s): this process counts for itself", type(error).__name__)


silence = _Silence()


def _asked(name: str) -> Callable[..., Any]:
    """The method of Redis, or the same of local memory when Redis fails or is left alone."""

    def ask(cache: "EnduringCache", *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= silence.until:
            try:
                return getattr(RedisCache, name)(cache, *args, **kwargs)
            except RedisError as error:
                silence.begin(error)
        return getattr(cache.local, name)(*args, **kwargs)

    return ask


class EnduringCache(RedisCache):
    """Never raises because of Redis. Limits still hold meanwhile, counted by each process for itself."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        patience = {
            "socket_timeout": ANSWERS_WITHIN_SECONDS,
            "socket_connect_timeout": ANSWERS_WITHIN_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        }
        super().__init__(server, {**params, "OPTIONS": patience | params.get("OPTIONS", {})})
        self.local = LocMemCache("while Redis is silent", params)

    add = _asked("add")
    get = _asked("get")
    set = _asked("set")
    touch = _asked("touch")
    delete = _asked("delete")
    get_many = _asked("get_many")
    has_key = _asked("has_key")
    incr = _asked("incr")
    set_many = _asked("set_many")
    delete_many = _asked("delete_many")
    clear = _asked("clear")
