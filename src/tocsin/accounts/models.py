"""People and machines that may act: operators, API keys, panel members."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from tocsin.accounts.rules import PAGE_KINDS


def every_page() -> list[str]:
    """Return what a new operator is paged for: everything."""
    return list(PAGE_KINDS)


class Operator(AbstractUser):
    """A duty officer or administrator of the console.

    `email` and `phone` (E.164) are where they are paged, `pages` what for (`PAGE_KINDS`), `is_on_duty` whether now.
    """

    language = models.CharField(max_length=2, default="en")
    phone = models.CharField(max_length=16, blank=True, default="")
    pages = models.JSONField(default=every_page)
    is_on_duty = models.BooleanField(default=False)


class SecondFactor(models.Model):
    """What an operator has besides a password: an authenticator app (`totp`) or a passkey.

    `secret` of an app is sealed with a key made of Tocsin's secret key; of a passkey it is the public half only, which
    is no secret. `last_used` is the time step of the last code, or a passkey's counter: neither may come twice.
    """

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="factors")
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=60)
    secret = models.TextField()
    credential = models.CharField(max_length=1400, blank=True, db_index=True)
    last_used = models.BigIntegerField(default=0)
    added_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("added_at", "pk")

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


class RecoveryCode(models.Model):
    """A code on paper for the day the telephone is lost: good once, only its hash is kept."""

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64)


class ApiKey(models.Model):
    """A machine's key. Only its SHA-256 is kept; `prefix` is the part one may show."""

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Association(models.Model):
    """Who invites members of the panel: a professional association, known by a short id."""

    id = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class PanelQuota(models.Model):
    """How many members an association may have in a stratum; an empty `package` or `region` stands for any."""

    association = models.ForeignKey(Association, on_delete=models.CASCADE, related_name="quotas")
    audience = models.CharField(max_length=40)
    package = models.CharField(max_length=60, blank=True)
    region = models.CharField(max_length=10, blank=True)
    seats = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("association", "audience", "package", "region"), name="one_quota_per_stratum"
            ),
        )


class PanelMember(models.Model):
    """A professional who tells Tocsin what works; known by a pseudonym only, recognised by a personal link.

    `practice` is a pseudonym of where they work, so that colleagues do not count as independent. Only a hash of the
    link is kept; `link_serial` counts how often it was renewed. It is good until `expires_at` (None: no end was set),
    which moves on with use. `joined_at` is when the member first used it. `is_on_duty`: may be asked at night.
    `wants_end`: wants to be told when what they reported is over.
    """

    pseudonym = models.CharField(max_length=40, primary_key=True)
    audience = models.CharField(max_length=40)
    package = models.CharField(max_length=60)
    region = models.CharField(max_length=10)
    language = models.CharField(max_length=2, default="fr")
    practice = models.CharField(max_length=40, blank=True, default="")
    association = models.ForeignKey(
        Association, on_delete=models.PROTECT, null=True, blank=True, related_name="members"
    )
    link_hash = models.CharField(max_length=64, unique=True)
    link_serial = models.PositiveSmallIntegerField(default=0)
    is_on_duty = models.BooleanField(default=False)
    wants_end = models.BooleanField(default=False)
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.pseudonym


class PanelContact(models.Model):
    """Where a member wants to be asked, if anywhere: apart from what they say, and sealed (see `seals`)."""

    member = models.ForeignKey(PanelMember, on_delete=models.CASCADE, related_name="contacts")
    channel = models.CharField(max_length=40)
    address = models.TextField()
    added_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("member", "channel"), name="one_contact_per_channel"),)


class LoginAttempt(models.Model):
    """One try to log in that was refused, counted under a keyed hash (of the name tried, or of the sender's address).

    `at` is a moment of the machine's clock. Neither the name nor the address can be read from it.
    """

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("key", "at"), name="logins_by_key"),)
