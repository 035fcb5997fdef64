"""The panel: who invites whom, for how long a personal link is good, and where a member may be asked.

Least data: a pseudonym, a stratum (audience × package × region), a pseudonym of the practice, a language. A link is a
signature over the pseudonym, so that it can be written again into a letter, and only its hash is kept. Every act is
audited, under the pseudonym alone.
"""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from tocsin.accounts.errors import SealBrokenError
from tocsin.accounts.models import Association, PanelContact, PanelMember, PanelQuota
from tocsin.accounts.rules import digest, lettered
from tocsin.accounts.seals import opened, sealed
from tocsin.audit import services as audit
from tocsin.kernel.errors import ConflictError, InputError
from tocsin.kernel.language import LANGUAGES

INVITATION_STAYS: Final = timedelta(days=14)
"""An invitation that nobody takes up by then is over; the association can renew it."""

MEMBERSHIP_STAYS: Final = timedelta(days=400)
"""After the last word: who is silent for a year and a month is asked by the association whether they still want to."""

RENEWED_EVERY: Final = timedelta(days=1)
"""A link's end moves with use, but need not be written at every tap."""

_LINK_BYTES: Final = 24
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_MOST_SEATS: Final = 32_000
_BY_MEMBER: Final = "member:{}"


@dataclass(frozen=True, slots=True)
class Stratum:
    """What makes panel members alike: what they are, with what software they work, and where."""

    audience: str
    package: str
    region: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A panel member just invited, or whose link was renewed; `token` is what the personal link consists of."""

    member: PanelMember
    token: str


# --- associations ------------------------------------------------------------------------------------------------


@transaction.atomic
def set_quota(association: str, *, name: str, stratum: Stratum, seats: int, by: str, now: datetime) -> PanelQuota:
    """Let an association have so many members in a stratum; an empty package or region stands for any.

    Makes the association where it is new. Raises `InputError` for an id, name or number that cannot be.
    """
    if not _SLUG.fullmatch(association):
        raise InputError(
            "association.bad_id", f"{association!r} cannot be an association's id.", hint="Small letters and digits."
        )
    if not 0 <= seats <= _MOST_SEATS:
        raise InputError("association.bad_seats", f"{seats} is no number of seats.", hint=f"0 to {_MOST_SEATS}.")
    known = Association.objects.filter(pk=association).first()
    if known is None and not name.strip():
        raise InputError("association.bad_name", "A new association needs a name.", hint="Give --name.")
    if known is None:
        known = Association.objects.create(pk=association, name=name.strip()[:120], created_at=now)
    elif name.strip():
        Association.objects.filter(pk=association).update(name=name.strip()[:120])
    quota, _ = PanelQuota.objects.update_or_create(
        association=known,
        audience=stratum.audience,
        package=stratum.package,
        region=stratum.region,
        defaults={"seats": seats},
    )
    facts = {"audience": stratum.audience, "package": stratum.package, "region": stratum.region, "seats": seats}
    audit.record(at=now, actor=by, action="association.quota_set", subject=association, facts=facts)
    return quota


def quotas() -> Sequence[tuple[PanelQuota, int]]:
    """Return every quota with how many of its seats are taken, association by association, in the order given."""
    rows = PanelQuota.objects.select_related("association").order_by("association__created_at", "pk")
    return tuple((row, _taken(row)) for row in rows)


def _taken(quota: PanelQuota) -> int:
    narrowed = {"package": quota.package, "region": quota.region}
    chosen = {field: value for field, value in narrowed.items() if value}
    return PanelMember.objects.filter(
        association=quota.association_id, audience=quota.audience, left_at=None, **chosen
    ).count()


def _association(wanted: str, stratum: Stratum) -> Association | None:
    """Return the association, with a free seat in each of its quotas that cover the stratum."""
    if not wanted:
        return None
    known = Association.objects.filter(pk=wanted).first()
    if known is None:
        raise InputError("association.unknown", f"There is no association {wanted!r}.", hint="tocsin panel quota …")
    covering = known.quotas.filter(
        Q(package="") | Q(package=stratum.package), Q(region="") | Q(region=stratum.region), audience=stratum.audience
    )
    if not covering:
        raise ConflictError("association.no_quota", f"{known.name} has no seats in this stratum.")
    full = next((quota for quota in covering.order_by("pk") if _taken(quota) >= quota.seats), None)
    if full is not None:
        raise ConflictError(
            "association.full",
            f"All {full.seats} seats of {known.name} in this stratum are taken.",
            hint="tocsin panel quota …",
        )
    return known


# --- members -----------------------------------------------------------------------------------------------------


@transaction.atomic
def invite_member(
    *,
    audience: str,
    package: str,
    region: str,
    by: str,
    now: datetime,
    language: str = "fr",
    association: str = "",
    practice: str = "",
) -> Invitation:
    """Put a professional on the panel under a pseudonym; whoever has the token in the link may report.

    The caller has checked audience, package and region against the pack. `practice` may be any name that the
    association uses for where they work: only a keyed hash of it is kept. Raises `InputError` for a language or an
    association that is unknown, `ConflictError` when it has no seat free in this stratum.
    """
    if language not in LANGUAGES:
        raise InputError("account.bad_language", f"{language!r} is not a language here.", hint=", ".join(LANGUAGES))
    member = PanelMember(
        pseudonym=f"m{secrets.randbelow(10)}{lettered(secrets.token_hex(5))}",
        audience=audience,
        package=package,
        region=region,
        language=language,
        association=_association(association, Stratum(audience, package, region)),
        practice=practice_pseudonym(practice),
        invited_at=now,
        expires_at=now + INVITATION_STAYS,
    )
    token = link_token(member)
    member.link_hash = digest(token)
    member.save(force_insert=True)
    facts = {"audience": audience, "association": association}
    audit.record(at=now, actor=by, action="member.invited", subject=member.pseudonym, facts=facts)
    return Invitation(member=member, token=token)


@transaction.atomic
def renew_link(pseudonym: str, *, by: str, now: datetime) -> Invitation:
    """Give a member a new link; the one before is useless from now on. Raises `InputError` for nobody there."""
    member = _living(pseudonym)
    member.link_serial += 1
    token = link_token(member)
    member.link_hash = digest(token)
    member.expires_at = now + INVITATION_STAYS
    member.save(update_fields=["link_serial", "link_hash", "expires_at"])
    audit.record(at=now, actor=by, action="member.link_renewed", subject=pseudonym)
    return Invitation(member=member, token=token)


@transaction.atomic
def revoke_link(pseudonym: str, *, by: str, now: datetime) -> None:
    """Make a member's link useless, as when it got into wrong hands; the membership stays, and can be renewed."""
    member = _living(pseudonym)
    member.expires_at = now
    member.save(update_fields=["expires_at"])
    audit.record(at=now, actor=by, action="member.link_revoked", subject=pseudonym)


@transaction.atomic
def dismiss_member(pseudonym: str, *, by: str, now: datetime) -> None:
    """End a membership; the personal link is useless from then on, and the contact erased.

    Raises `InputError` for nobody of that pseudonym.
    """
    member = _living(pseudonym)
    member.left_at = now
    member.save(update_fields=["left_at"])
    member.contacts.all().delete()
    audit.record(at=now, actor=by, action="member.left", subject=pseudonym)


def leave_panel(member: PanelMember, *, now: datetime) -> None:
    """End a membership on the member's own word; leaving twice changes nothing."""
    if member.left_at is None:
        dismiss_member(member.pseudonym, by=_BY_MEMBER.format(member.pseudonym), now=now)


def note_use(member: PanelMember, *, now: datetime) -> None:
    """Note that a member spoke: the first word joins them, and every one keeps the link good for longer."""
    until = now + MEMBERSHIP_STAYS
    is_new = member.joined_at is None
    if not is_new and member.expires_at is not None and until - member.expires_at < RENEWED_EVERY:
        return
    member.joined_at = member.joined_at or now
    member.expires_at = until
    member.save(update_fields=["joined_at", "expires_at"])
    if is_new:
        actor = _BY_MEMBER.format(member.pseudonym)
        audit.record(at=now, actor=actor, action="member.joined", subject=member.pseudonym)


def member_by_link(token: str, *, now: datetime) -> PanelMember | None:
    """Return the panel member whose personal link this is; None when nobody's, too old, or when they have left."""
    living = Q(expires_at=None) | Q(expires_at__gt=now)
    return PanelMember.objects.filter(living, link_hash=digest(token), left_at=None).first()


def members() -> Sequence[PanelMember]:
    """Return everyone on the panel, those invited first in front."""
    return tuple(PanelMember.objects.filter(left_at=None).order_by("invited_at", "pseudonym"))


def link_token(member: PanelMember) -> str:
    """Return what a member's personal link consists of: a signature that nobody else can make."""
    signed = f"{member.pseudonym}|{member.link_serial}".encode()
    key = sha256(f"accounts.panel|{settings.SECRET_KEY}".encode()).digest()
    return urlsafe_b64encode(hmac.digest(key, signed, "sha256")[:_LINK_BYTES]).decode()


def known_token(member: PanelMember) -> str | None:
    """Return the token of a member's link; None where it was made in another way (an older version, another key)."""
    token = link_token(member)
    return token if digest(token) == member.link_hash else None


def practice_pseudonym(name: str) -> str:
    """Return what is kept of a practice's name: the same for colleagues, and nothing that leads back to it."""
    written = " ".join(name.split()).casefold()
    kept = lettered(salted_hmac("accounts.practice", written, algorithm="sha256").hexdigest())
    return f"p0{kept[:12]}" if written else ""


def _living(pseudonym: str) -> PanelMember:
    member = PanelMember.objects.filter(pseudonym=pseudonym, left_at=None).first()
    if member is None:
        raise InputError("member.unknown", f"There is no panel member {pseudonym!r}.")
    return member


# --- what a member wants -----------------------------------------------------------------------------------------


@transaction.atomic
def set_wishes(member: PanelMember, *, language: str, is_on_duty: bool, wants_end: bool, now: datetime) -> None:
    """Note in what language a member reads, whether they may be asked at night, and whether they want the end told."""
    member.language = language if language in LANGUAGES else member.language
    member.is_on_duty, member.wants_end = is_on_duty, wants_end
    member.save(update_fields=["language", "is_on_duty", "wants_end"])
    facts = {"is_on_duty": is_on_duty, "wants_end": wants_end}
    actor = _BY_MEMBER.format(member.pseudonym)
    audit.record(at=now, actor=actor, action="member.wishes_set", subject=member.pseudonym, facts=facts)


@transaction.atomic
def set_contact(member: PanelMember, *, channel: str, address: str, now: datetime, by: str = "") -> None:
    """Note where a member may be asked (one address a channel), or forget it where the address is empty.

    The caller has had the channel check the address. `by` is who says so, where it is not the member.
    """
    known = PanelContact.objects.filter(member=member, channel=channel)
    if not address:
        known.delete()
    else:
        fields = {"address": sealed(address.encode()), "added_at": now}
        PanelContact.objects.update_or_create(member=member, channel=channel, defaults=fields)
    facts = {"channel": channel, "is_given": bool(address)}
    actor = by or _BY_MEMBER.format(member.pseudonym)
    audit.record(at=now, actor=actor, action="member.contact_set", subject=member.pseudonym, facts=facts)


def contacts_of(pseudonyms: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """Return where each of them may be asked, by channel; who gave nothing (that can still be read) is left out."""
    found: dict[str, dict[str, str]] = {}
    for row in PanelContact.objects.filter(member__in=list(pseudonyms)).order_by("pk"):
        try:
            found.setdefault(row.member_id, {})[row.channel] = opened(row.address).decode()
        except SealBrokenError:
            # Sealed under an older secret key: the member gives it again, or is not asked.
            continue
    return found


def prune_panel(*, now: datetime) -> int:
    """Forget invitations that nobody took up in time; return how many that were."""
    stale = PanelMember.objects.filter(joined_at=None, expires_at__lt=now - INVITATION_STAYS)
    count = stale.count()
    stale.delete()
    return count
