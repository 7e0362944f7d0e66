"""The registry of channel kinds. A new kind is one file and one line here."""

from webmon.notifiers.base import NotifierKind

NOTIFIERS: dict[str, NotifierKind] = {}
