"""Tells subscribers of planned maintenance, each thing once: the link between those who announce and those who tell."""

from datetime import datetime

from django.db import transaction

from tocsin.bulletins.queries import quiet_hours
from tocsin.bulletins.rules.maintenance import due_news, maintenance_news
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.rules.model import Pack
from tocsin.changes.queries import untold
from tocsin.changes.services import note_told
from tocsin.notifications.announcing import enqueue
from tocsin.notifications.rules.quiet import read


def tell_maintenance(now: datetime, *, pack: Pack, templates: Templates) -> int:
    """Tell what is new of each maintenance and return how many news there were.

    What is told is noted in the same transaction: a process that dies in between tells it once, after its restart.
    """
    news = 0
    for maintenance, told in untold(now):
        what = due_news(maintenance, told=told)
        if not what:
            continue
        with transaction.atomic():
            told_now = maintenance_news(maintenance, what, pack=pack, templates=templates, now=now)
            enqueue(told_now, now=now, quiet_hours=read(quiet_hours()))
            note_told(maintenance.id, what)
        news += 1
    return news
