"""A panel member's tap on its way to intake, which redacts and stores it."""

from datetime import datetime

from tocsin.accounts.models import PanelMember
from tocsin.observations.rules.model import Report
from tocsin.observations.services import accept_reports

SOURCE = "panel-form"


def report(member: PanelMember, *, function: str, works: bool, text: str, now: datetime) -> None:
    """Hand the member's word to intake; raises what intake raises."""
    said = Report(
        at=now,
        member=member.pseudonym,
        audience=member.audience,
        package=member.package,
        region=member.region,
        function=function,
        works=works,
        text=text,
    )
    accept_reports([said], source=SOURCE, now=now)
