"""Django's entry for the composition root: it lets domains that must not know one another listen to each other."""

from typing import Any

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    """Registers `tocsin.runtime`, and lets notifications hear of every bulletin that goes out."""

    name = "tocsin.runtime"
    label = "runtime"

    def ready(self) -> None:
        """Connect what must happen together, whoever starts it: the engine, a click, a test."""
        from tocsin.bulletins.services import bulletin_published

        bulletin_published.connect(_announce, dispatch_uid="tocsin.runtime.announce")


def _announce(*, bulletin: Any, now: Any, **_: Any) -> None:
    from tocsin.bulletins.queries import quiet_hours
    from tocsin.notifications.rules.quiet import read
    from tocsin.notifications.services import enqueue

    enqueue(bulletin, now=now, quiet_hours=read(quiet_hours()))
