"""The Redis in which several web processes keep their pages' state, where one is set."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from webmon import config

WAITS = {"socket_connect_timeout": "3", "socket_timeout": "30", "health_check_interval": "15"}
"""In seconds; what the address itself says has precedence. The middle one is also how long Reflex's
subscriptions hear nothing before they are made again, so it is not short."""

ASK_SECONDS = 2.0
"""For the question whether it is there: `/readyz` has five for everything."""

AWAY = "the Redis of WEBMON_REDIS_URL cannot be reached"


def address() -> str:
    """`WEBMON_REDIS_URL` with an end to every wait; empty where none is set."""
    url = config.settings().redis_url
    if not url:
        return ""
    parts = urlsplit(url)
    waits = {name: value for name, value in WAITS.items() if f"{name}=" not in parts.query}
    query = "&".join(part for part in (parts.query, urlencode(waits)) if part)
    return urlunsplit(parts._replace(query=query))


def fault() -> str:
    """Why the Redis cannot be used, in one line; empty where it can, or none is set. Blocks."""
    url = config.settings().redis_url
    if not url:
        return ""
    from redis import Redis, RedisError
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        once = Retry(NoBackoff(), 0)
        with Redis.from_url(
            url, retry=once, socket_connect_timeout=ASK_SECONDS, socket_timeout=ASK_SECONDS
        ) as redis:
            redis.ping()
    except (RedisError, OSError, ValueError) as error:
        return f"{AWAY}: {' '.join(str(error).split())}"
    return ""


def is_fault(error: BaseException) -> bool:
    """Whether ``error`` says that the Redis cannot be used."""
    from redis import RedisError

    return isinstance(error, RedisError)
