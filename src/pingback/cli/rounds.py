"""What `serve` and `worker` do now and then, besides what they are asked for."""

from datetime import timedelta
from functools import partial

from pingback.errors import SettingsError
from pingback.net.client import Client
from pingback.net.mail import Mailer
from pingback.receive.channels import Channel, MailChannel, WebhookChannel
from pingback.receive.notifier import Notifier
from pingback.receive.receiver import Receiver
from pingback.receive.rounds import Job, Rounds
from pingback.settings import Settings

REVERIFY_EVERY = 60.0  # seconds
REVERIFIED = 4  # mentions at a time: gentle with the sources, and 5,000 a day
NOTIFY_EVERY = 2.0  # seconds; where there is nothing new, it costs a look at an index


def rounds_for(settings: Settings, receiver: Receiver, client: Client) -> Rounds:
    """The jobs that the settings ask for."""
    jobs = []
    if settings.reverify_after_days:
        after = timedelta(days=settings.reverify_after_days)
        reverify = partial(receiver.reverify, after=after, most=REVERIFIED)
        jobs.append(Job("verify old mentions anew", REVERIFY_EVERY, reverify))
    if channels := _channels(settings, client):
        notifier = Notifier(receiver.store, channels)
        jobs.append(Job("tell the owner of new mentions", NOTIFY_EVERY, notifier.tell))
    return Rounds(jobs)


def _channels(settings: Settings, client: Client) -> list[Channel]:
    channels: list[Channel] = []
    if settings.notify_mail is not None:
        channels.append(MailChannel(_mailer(settings), settings.notify_mail, site=settings.site[0]))
    if settings.notify_webhook is not None:
        channels.append(WebhookChannel(client, settings.notify_webhook, secret=settings.notify_secret))
    return channels


def _mailer(settings: Settings) -> Mailer:
    try:
        return Mailer(settings.smtp_url, ca_bundle=settings.ca_bundle)
    except ValueError as error:
        raise SettingsError(f"smtp_url: {error}") from None
