"""Hand over once more the mails of recipients who were put off, one after the other."""

import logging
from functools import partial

from webmon import clock, config
from webmon.commands.notifications import deferred_mails
from webmon.notifiers.base import Surroundings
from webmon.notifiers.email import send_again
from webmon.threads import in_thread
from workers.deliver import Transaction

log = logging.getLogger(__name__)


async def send_deferred(in_database: Transaction) -> None:
    """Send what is due."""
    due = await in_database(lambda session: deferred_mails.claim(session, now=clock.utcnow()))
    for each in due:
        settings = config.settings()
        surroundings = Surroundings(settings.public_url, settings.smtp_url.get_secret_value())
        send = partial(send_again, each.deferred, surroundings)
        waiting = await in_thread(send, name="deferred mail")
        if waiting:
            log.info("a mail is still put off for %d of its recipients", len(waiting))
        note = partial(deferred_mails.note, mail_id=each.id, waiting=waiting, now=clock.utcnow())
        await in_database(note)
