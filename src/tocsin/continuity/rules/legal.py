"""When a legal text may be shown as a yes, and when a "do not" may be shown at all."""

from datetime import date

from tocsin.continuity.rules.model import LegalBasis, Procedure
from tocsin.kernel.language import LocalizedText


def confirmed(legal: LegalBasis, *, today: date) -> LocalizedText | None:
    """Return the legal text when a named validator stands for it today; else None, and readers see `unconfirmed`.

    It holds from the day of validation until and including the day of expiry.
    """
    if not (legal.validator and legal.validator.strip()) or legal.validated_on is None or legal.expires_on is None:
        return None
    return legal.text if legal.validated_on <= today <= legal.expires_on else None


def shown(legal: LegalBasis, *, today: date) -> LocalizedText:
    """Return what a reader sees of the legal basis today: the confirmed text, or what to keep until it is."""
    return confirmed(legal, today=today) or legal.unconfirmed


def may_show_avoid(procedure: Procedure, *, is_confirmed_login_fault: bool, is_endpoint_switch_active: bool) -> bool:
    """Say whether the procedure's "do not" (log out, restart) may be shown.

    Only when log-in is confirmed as the fault and the software was proven to keep its session, and never while an
    endpoint is switched: some software learns of the switch only by being restarted, and a "do not restart" would
    keep its user from plan B.
    """
    return (
        procedure.avoid is not None
        and procedure.is_avoid_proven
        and is_confirmed_login_fault
        and not is_endpoint_switch_active
    )
