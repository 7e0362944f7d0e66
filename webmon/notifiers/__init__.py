"""The registry of channel kinds. A new kind is one file and one line here."""

from webmon.domain.messages import MOST_WEIGHT, weighted_length
from webmon.notifiers.apprise import AppriseConfig, preview_apprise, send_apprise
from webmon.notifiers.base import NotifierKind
from webmon.notifiers.email import EmailConfig, preview_email, send_email
from webmon.notifiers.slack import SlackConfig, preview_slack, send_slack
from webmon.notifiers.twitter import TwitterConfig, preview_twitter, send_twitter
from webmon.notifiers.webhook import WebhookConfig, preview_webhook, send_webhook

NOTIFIERS: dict[str, NotifierKind] = {
    "email": NotifierKind(
        "E-mail",
        EmailConfig,
        send_email,
        preview_email,
        sends="one mail to all recipients, as text and HTML; follow-ups as replies",
        required=("to",),
    ),
    "slack": NotifierKind(
        "Slack",
        SlackConfig,
        send_slack,
        preview_slack,
        sends="a message to the channel of an incoming webhook",
    ),
    "twitter": NotifierKind(
        "X (Twitter)",
        TwitterConfig,
        send_twitter,
        preview_twitter,
        sends="a post of at most 280 characters, follow-ups as replies",
        is_public=True,
        weigh=weighted_length,
        most_weight=MOST_WEIGHT,
        budget=lambda config: config.monthly_budget,
    ),
    "webhook": NotifierKind(
        "Webhook",
        WebhookConfig,
        send_webhook,
        preview_webhook,
        sends="JSON to a program, signed with the secret",
    ),
    "apprise": NotifierKind(
        "Another service (Apprise)",
        AppriseConfig,
        send_apprise,
        preview_apprise,
        sends="title and text to any of the services that Apprise knows",
    ),
}
