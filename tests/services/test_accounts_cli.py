"""The commands that let people and machines in."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from factories import factors
from tocsin.accounts.models import Operator
from tocsin.accounts.panel import member_by_link
from tocsin.accounts.services import authenticate
from tocsin.cli import key, operator, panel
from tocsin.kernel.clock import SystemClock
from tocsin.kernel.errors import InputError

pytestmark = pytest.mark.django_db

RUN = CliRunner()


def test_an_operator_is_made_with_a_password_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("een lang wachtwoord\n")
    done = RUN.invoke(operator.app, ["create", "an", "--password-file", str(path), "--language", "nl"])
    assert done.exit_code == 0, done.output
    assert Operator.objects.get().check_password("een lang wachtwoord")
    assert RUN.invoke(operator.app, ["list"]).output == "an nl\n"


def test_a_password_comes_from_the_environment_or_is_asked_for() -> None:
    RUN.invoke(operator.app, ["create", "an"], env={"TOCSIN_PASSWORD": "een lang wachtwoord"})
    typed = "nog een lang wachtwoord\n"
    done = RUN.invoke(operator.app, ["password", "an"], input=typed * 2, env={"TOCSIN_PASSWORD": ""})
    assert done.exit_code == 0, done.output
    assert Operator.objects.get().check_password(typed.strip())
    assert typed.strip() not in done.output


def test_a_password_file_that_is_empty_is_named(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("")
    done = RUN.invoke(operator.app, ["create", "an", "--password-file", str(path)])
    assert isinstance(done.exception, InputError)
    assert done.exception.where == str(path)


def test_a_key_stands_alone_on_standard_output() -> None:
    done = RUN.invoke(key.app, ["create", "--name", "vendor", "--scope", "telemetry", "--scope", "reports"])
    secret = done.stdout.strip()
    made = authenticate(secret, scope="reports", now=SystemClock().now())
    assert RUN.invoke(key.app, ["list"]).output == f"{made.prefix} vendor telemetry,reports\n"
    assert RUN.invoke(key.app, ["revoke", made.prefix]).exit_code == 0
    assert " revoked " in RUN.invoke(key.app, ["list"]).output


def test_a_member_is_invited_by_a_link() -> None:
    wish = ["--audience", "nurse", "--package", "nurse-a", "--region", "BE-VAN", "--language", "nl"]
    done = RUN.invoke(panel.app, ["invite", *wish])
    token = done.stdout.strip().removesuffix("/").rpartition("/")[2]
    member = member_by_link(token, now=SystemClock().now())
    assert member is not None
    assert RUN.invoke(panel.app, ["list"]).output == f"{member.pseudonym} nurse nurse-a BE-VAN nl - invited\n"
    assert RUN.invoke(panel.app, ["remove", member.pseudonym]).exit_code == 0
    assert RUN.invoke(panel.app, ["list"]).output == ""


def test_an_invitation_names_what_the_pack_knows() -> None:
    done = RUN.invoke(panel.app, ["invite", "--audience", "x", "--package", "nurse-a", "--region", "BE-VAN"])
    assert done.exit_code == 2
    assert "pharmacist" in done.output


def test_duty_and_contacts_are_said_from_a_terminal() -> None:
    Operator.objects.create(username="an", language="nl")
    assert RUN.invoke(operator.app, ["duty"]).output == "Nobody is on duty: pages go to everybody.\n"
    assert RUN.invoke(operator.app, ["duty", "an"]).output == "On duty: an.\n"
    done = RUN.invoke(operator.app, ["contact", "an", "--email", "an@example.org", "--page", "watch"])
    assert done.output == "Operator an is paged at: an@example.org, no number; for: watch.\n"
    done = RUN.invoke(operator.app, ["contact", "an", "--phone", "+32 470 12 34 56"])
    assert done.output == "Operator an is paged at: an@example.org, +32470123456; for: watch.\n"
    assert RUN.invoke(operator.app, ["list"]).output == "an nl on duty e-mail sms\n"
    assert RUN.invoke(operator.app, ["duty", "an", "--off"]).output == "Nobody is on duty: pages go to everybody.\n"
    assert isinstance(RUN.invoke(operator.app, ["contact", "piet"]).exception, InputError)


def test_lost_factors_are_taken_away_from_a_terminal() -> None:
    factors.app(Operator.objects.create(username="an"))
    assert RUN.invoke(operator.app, ["list"]).output == "an en totp\n"
    done = RUN.invoke(operator.app, ["reset-factors", "an"])
    assert done.output == "Operator an has no second factor any more (there were 1).\n"
    assert RUN.invoke(operator.app, ["list"]).output == "an en\n"
