"""Where the admin app shows what a piece of news is about."""

from webmon.domain.notifications.news import Event, Message, News


def link_of(news: News, message: Message) -> str:
    """The address of its incident, planned downtime or service; empty where there is none.

    Who is not signed in comes there after the login.
    """
    if not message.admin_url.startswith(("http://", "https://")) or news.event is Event.TEST:
        return ""
    if news.incident:
        path = f"/incidents/?incident={news.incident}"
    elif news.event is Event.DOWNTIME:
        path = f"/downtime/?time={news.occurrence}" if news.occurrence else "/downtime/"
    elif news.service_id:
        path = f"/service/?id={news.service_id}"
    else:
        path = "/"
    return message.admin_url + path
