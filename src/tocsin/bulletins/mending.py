"""What was said wrongly: corrections, with or without telling everybody, and false alarms taken back.

History is never rewritten. A correction is a bulletin of its own that names the one it mends; the pages show what
changed. Editing silently and notifying are two acts: the one mends the pages, the other tells whoever was told.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from tocsin.bulletins import queries
from tocsin.bulletins.errors import BulletinStatusError, NewerBulletinError, UnchangedTextError, UnknownBulletinError
from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import read_bulletin
from tocsin.bulletins.rules.correction import corrected
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.bulletins.rules.retraction import retraction
from tocsin.bulletins.services import (
    Given,
    approve,
    put_out,
    reworded,
    save_edited,
    supersede_drafts,
)
from tocsin.continuity.queries import configured_procedures, rows_of
from tocsin.continuity.services import end_activation
from tocsin.incidents.rules.model import Incident
from tocsin.incidents.services import take_back
from tocsin.kernel.reasons import Reason


@transaction.atomic
def correct(
    bulletin_id: str,
    texts: Mapping[str, AudienceText],
    *,
    notify: bool,
    by: str,
    now: datetime,
    override: str = "",
) -> Given:
    """Mend a bulletin that is out: on the pages only, or told as a correction to whoever was told.

    It needs the approvals that its severity needs; where a second person must agree, it waits for them as a draft.
    Raises `BulletinStatusError` for one that is not out, `NewerBulletinError` when its readers were told something
    since, `UnchangedTextError` when nothing reads otherwise, `BulletinTextError` and `UnsafeTextError` for the texts,
    and as `approve` does.
    """
    row = _published(bulletin_id)
    before = read_bulletin(row)
    reworded(before, texts)
    correction = corrected(
        before,
        texts,
        templates=queries.configured_templates(),
        now=now,
        number=_next_number(before.incident),
        is_silent=not notify,
        published_at=_told_at(row, before),
    )
    if not correction.texts:
        raise UnchangedTextError(bulletin_id)
    # Its own kind of id: the engine counts on without knowing of a correction that still waits.
    named = replace(correction, id=_id(bulletin_id), next_update_at=_promise(row, correction))
    save_edited(named, by=by, now=now)
    return approve(named.id, by=by, now=now, override=override)


def _published(bulletin_id: str) -> BulletinRow:
    row = BulletinRow.objects.select_for_update().filter(pk=bulletin_id).first()
    if row is None:
        raise UnknownBulletinError(bulletin_id)
    if row.status != "published":
        raise BulletinStatusError(bulletin_id, status=row.status, wanted="published")
    return row


def _told_at(row: BulletinRow, bulletin: Bulletin) -> datetime | None:
    """Return when its readers were last written to: what was mended on the pages only reached nobody."""
    while bulletin.is_silent and bulletin.corrects:
        row = BulletinRow.objects.get(pk=bulletin.corrects)
        bulletin = read_bulletin(row)
    return row.published_at


def _promise(row: BulletinRow, correction: Bulletin) -> datetime | None:
    """Return what the incident's readers are promised now; raises `NewerBulletinError` where they were told since."""
    said = [each for each in queries.of_incident(row.incident) if each.status == "published"]
    later = said[[each.pk for each in said].index(row.pk) + 1 :]
    newer = next((each for each in later if set(each.content["texts"]) & set(correction.texts)), None)
    if newer is not None:
        raise NewerBulletinError(row.pk, newer=newer.pk)
    return read_bulletin(said[-1]).next_update_at


def _next_number(incident_id: str) -> int:
    return max(read_bulletin(row).number for row in queries.of_incident(incident_id)) + 1


def _id(bulletin_id: str) -> str:
    stem = f"{bulletin_id.partition('-c')[0]}-c"
    return f"{stem}{BulletinRow.objects.filter(pk__startswith=stem).count() + 1}"


@transaction.atomic
def retract(incident_id: str, *, by: str, now: datetime, reason: str = "") -> Bulletin | None:
    """End a false alarm: close the incident as one, end its procedures, and tell "we were wrong" to who was told.

    Returns what was told, None when nobody had been told anything. Raises `UnknownIncidentError`, `InputError` without
    a reason, and `IncidentPhaseError` when the incident is over already.
    """
    incident = take_back(incident_id, reason=reason, by=by, now=now)
    supersede_drafts(incident_id)
    for row in rows_of(incident_id):
        if row.state in {"proposed", "active"}:
            end_activation(row.pk, by=by, now=now)
    bulletin = _taken_back(incident, now)
    if bulletin is not None:
        put_out(bulletin, by=by, now=now, reasons=(Reason("operator.retracted", {"by": by, "reason": reason.strip()}),))
    return bulletin


def _taken_back(incident: Incident, now: datetime) -> Bulletin | None:
    rows = [row for row in queries.of_incident(incident.id) if row.status == "published"]
    if not rows:
        return None
    bulletin = retraction(
        incident,
        [read_bulletin(row) for row in rows],
        procedures=configured_procedures(),
        templates=queries.configured_templates(),
        pack=queries.configured_pack(),
        now=now,
        number=_next_number(incident.id),
        published_at={row.pk: row.published_at for row in rows if row.published_at is not None},
    )
    return bulletin if bulletin.texts else None
