"""The tables: columns and constraints only."""

from sqlmodel import SQLModel

from webmon.models.accounts import (
    AddressChange,
    LoginAttempts,
    LoginSession,
    PasswordLink,
    RecoveryCode,
    SecondFactor,
    User,
    UserNamespace,
)
from webmon.models.activity import Activity
from webmon.models.api_keys import ApiKey, ApiKeyNamespace
from webmon.models.deferred_mails import DeferredMail
from webmon.models.deleted import Deleted
from webmon.models.downtimes import (
    Downtime,
    DowntimeChannel,
    DowntimeHost,
    DowntimeOccurrence,
    DowntimeService,
    DowntimeStep,
)
from webmon.models.heartbeats import Heartbeat
from webmon.models.history import (
    CheckResult,
    Daily,
    HostMetricDay,
    HostMetricHour,
    Hourly,
    Incident,
    IncidentUpdate,
    NoData,
    StatusChange,
)
from webmon.models.hosts import Host, Namespace
from webmon.models.idempotency import RepeatableAnswer
from webmon.models.letters import Letter
from webmon.models.logos import Logo
from webmon.models.notifications import Channel, ChannelState, Mute, Notification
from webmon.models.services import Service, ServiceState
from webmon.models.slack import SlackCode, SlackDelivery, SlackPerson, SlackReply
from webmon.models.system import Setting, Worker
from webmon.models.trials import Trial

metadata = SQLModel.metadata

__all__ = [
    "Activity",
    "AddressChange",
    "ApiKey",
    "ApiKeyNamespace",
    "Channel",
    "ChannelState",
    "CheckResult",
    "Daily",
    "DeferredMail",
    "Deleted",
    "Downtime",
    "DowntimeChannel",
    "DowntimeHost",
    "DowntimeOccurrence",
    "DowntimeService",
    "DowntimeStep",
    "Heartbeat",
    "Host",
    "HostMetricDay",
    "HostMetricHour",
    "Hourly",
    "Incident",
    "IncidentUpdate",
    "Letter",
    "LoginAttempts",
    "LoginSession",
    "Logo",
    "Mute",
    "Namespace",
    "NoData",
    "Notification",
    "PasswordLink",
    "RecoveryCode",
    "RepeatableAnswer",
    "SecondFactor",
    "Service",
    "ServiceState",
    "Setting",
    "SlackCode",
    "SlackDelivery",
    "SlackPerson",
    "SlackReply",
    "StatusChange",
    "Trial",
    "User",
    "UserNamespace",
    "Worker",
    "metadata",
]
