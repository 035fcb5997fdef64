"""Django's entry for the composition root: it lets domains that must not know one another listen to each other."""

from typing import Any

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    """Registers `tocsin.runtime`, and lets notifications hear of every bulletin, and duty officers of every ceiling."""

    name = "tocsin.runtime"
    label = "runtime"

    def ready(self) -> None:
        """Connect what must happen together, whoever starts it: the engine, a click, a test."""
        from tocsin.bulletins.services import bulletin_published
        from tocsin.notifications.budget import ceiling_reached

        bulletin_published.connect(_announce, dispatch_uid="tocsin.runtime.announce")
        ceiling_reached.connect(_ask_for_more, dispatch_uid="tocsin.runtime.ask_for_more")


def _announce(*, bulletin: Any, now: Any, **_: Any) -> None:
    from tocsin.bulletins.queries import quiet_hours
    from tocsin.notifications.rules.quiet import read
    from tocsin.notifications.services import enqueue

    enqueue(bulletin, now=now, quiet_hours=read(quiet_hours()))


def _ask_for_more(*, period: str, thread: str, waiting: int, now: Any, **_: Any) -> None:
    from tocsin.runtime.calling import page_about_ceiling

    page_about_ceiling(period, thread=thread, waiting=waiting, now=now)
