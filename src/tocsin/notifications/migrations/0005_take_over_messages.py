from django.db import migrations


def take_over(apps, schema_editor):
    """Give messages of before 0002, each a letter of its own, the shape of those after it.

    Who was told the start of an outage must be told its end by the newer code too, and what waits must still go out.
    """
    Message = apps.get_model("notifications", "OutboxMessage")
    old = Message.objects.filter(announcement=None, payload__isnull=False).select_related("subscriber")
    for row in old.order_by("pk").iterator():
        if "letter" in row.payload:
            continue
        bulletin, _, rest = row.dedup_key.partition("|")
        letter = row.payload
        is_told = bool(row.thread and row.subscriber and rest)
        facts = {
            "bulletin": bulletin if is_told else "",
            "incident": row.thread,
            "kind": "first" if bulletin.endswith("-b1") else "update",
            "state": "unknown",
            "functions": [],
            "audience": row.subscriber.audience if row.subscriber else "",
            "packages": None,
            "regions": None,
            "is_drill": False,
            "page": (letter.get("action") or {}).get("address", ""),
        }
        payload = {"letter": letter, "sms": "", "push": "", "facts": facts}
        if is_told:
            row.announcement = _announced(apps, row, bulletin, payload)
            row.opens_thread, row.payload = letter.get("opens_thread", True), None
        else:
            row.payload = payload
        row.save(update_fields=["announcement", "opens_thread", "payload"])


def _announced(apps, row, bulletin, payload):
    from hashlib import sha256

    kind = payload["facts"]["kind"]
    told = {"kind": kind, "state": "unknown", "functions": [], "audiences": [], "packages": None, "regions": None}
    announcement, _ = apps.get_model("notifications", "AnnouncementRow").objects.get_or_create(
        bulletin=bulletin,
        defaults={
            "incident": row.thread,
            "thread": row.thread,
            "kind": kind,
            # What it was about is not kept: like no other, so that nothing "comes and goes" for it.
            "subject_key": sha256(row.thread.encode()).hexdigest()[:32],
            "facts": {"told": {**told, "is_drill": False, "corrects": ""}, "quiet": {}},
            "at": row.created_at,
            "due_at": row.created_at,
            "expanded_at": row.created_at,
        },
    )
    apps.get_model("notifications", "Variant").objects.get_or_create(
        announcement=announcement,
        audience=row.subscriber.audience,
        language=row.subscriber.language,
        defaults={"payload": payload},
    )
    return announcement


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0004_duty_and_units'),
    ]

    operations = [
        migrations.RunPython(take_over, migrations.RunPython.noop),
    ]
