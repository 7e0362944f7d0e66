"""A page that needs no front end: a title and a sentence, for what cannot be shown."""

from html import escape

DATABASE_AWAY = "The database cannot be used at the moment. Please try again soon."
RETRY_SECONDS = 10
"""When to ask again, as `Retry-After` says."""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/favicon.svg">
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 24px }}
</style></head>
<body><main><h1>{title}</h1><p>{reason}</p><p><a href="/status/">Status page</a></p></main></body>
</html>
"""


def plain_page(title: str, reason: str) -> str:
    """The page as HTML."""
    return PAGE.format(title=escape(title), reason=escape(reason))
