"""People and machines that may act: operators, API keys, panel members."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class Operator(AbstractUser):
    """A duty officer or administrator of the console."""

    language = models.CharField(max_length=2, default="en")


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


class PanelMember(models.Model):
    """A professional who tells Tocsin what works; known by a pseudonym only, recognised by a personal link."""

    pseudonym = models.CharField(max_length=40, primary_key=True)
    audience = models.CharField(max_length=40)
    package = models.CharField(max_length=60)
    region = models.CharField(max_length=10)
    language = models.CharField(max_length=2, default="fr")
    link_hash = models.CharField(max_length=64, unique=True)
    invited_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.pseudonym


class LoginAttempt(models.Model):
    """One try to log in that was refused, counted under a keyed hash (of the name tried, or of the sender's address).

    `at` is a moment of the machine's clock. Neither the name nor the address can be read from it.
    """

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("key", "at"), name="logins_by_key"),)
