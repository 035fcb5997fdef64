"""The commands that let people and machines in."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from factories import factors
from tocsin.accounts.models import Operator, PanelMember
from tocsin.accounts.panel import contacts_of, member_by_link, note_use
from tocsin.accounts.services import authenticate
from tocsin.cli import key, operator, panel
from tocsin.kernel.clock import SystemClock
from tocsin.kernel.errors import InputError
from tocsin.notifications.models import OutboxMessage

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


def test_an_association_gets_seats_and_its_members_a_letter() -> None:
    given = ["nurses", "--audience", "nurse", "--seats", "2", "--name", "Nurses", "--package", "nurse-a"]
    assert RUN.invoke(panel.app, ["quota", *given]).output == "nurses may have 2: nurse nurse-a.\n"
    wish = ["--audience", "nurse", "--package", "nurse-a", "--region", "BE-VAN", "--association", "nurses"]
    done = RUN.invoke(panel.app, ["invite", *wish, "--email", "N@Example.org", "--practice", "Main street"])
    assert done.exit_code == 0, done.output
    assert RUN.invoke(panel.app, ["quotas"]).output == "nurses nurse nurse-a * 1/2\n"
    member = PanelMember.objects.get()
    assert contacts_of([member.pseudonym])[member.pseudonym].keys() == {"email"}
    assert OutboxMessage.objects.get().channel == "email"
    refused = RUN.invoke(panel.app, ["invite", *wish, "--email", "nonsense"])
    assert isinstance(refused.exception, InputError)
    assert PanelMember.objects.count() == 1


def test_a_link_is_revoked_and_renewed() -> None:
    wish = ["--audience", "nurse", "--package", "nurse-a", "--region", "BE-VAN"]
    RUN.invoke(panel.app, ["invite", *wish])
    pseudonym = PanelMember.objects.get().pseudonym
    assert RUN.invoke(panel.app, ["revoke", pseudonym]).output == f"The link of {pseudonym} is useless now.\n"
    assert RUN.invoke(panel.app, ["list"]).output == f"{pseudonym} nurse nurse-a BE-VAN fr - expired\n"
    done = RUN.invoke(panel.app, ["renew", pseudonym])
    token = done.stdout.strip().removesuffix("/").rpartition("/")[2]
    member = member_by_link(token, now=SystemClock().now())
    assert member is not None
    note_use(member, now=SystemClock().now())
    assert RUN.invoke(panel.app, ["list"]).output.endswith(" - joined\n")


def test_the_plan_says_how_many_are_needed_and_where_it_is_thin() -> None:
    wish = ["--audience", "nurse", "--package", "nurse-a", "--region", "BE-VAN"]
    RUN.invoke(panel.app, ["invite", *wish])
    PanelMember.objects.update(joined_at=SystemClock().now())
    table = RUN.invoke(panel.app, ["plan", "--chance", "0.9", "--p", "0.1"]).output
    assert "at least one of them says so" in " ".join(table.split())
    done = RUN.invoke(panel.app, ["plan", "--witnesses", "3", "--p", "0.5", "--json"])
    said = json.loads(done.output)
    assert (said["chance"], said["p"], said["witnesses"]) == (0.9, 0.5, 3)
    assert [line["members"] for line in said["strata"]] == sorted(line["members"] for line in said["strata"])
    line = said["strata"][-1]
    assert (line["audience"], line["members"], line["needed"], line["missing"]) == ("nurse", 1, 9, 8)
    assert "at least 3 of them say so" in " ".join(RUN.invoke(panel.app, ["plan", "--witnesses", "3"]).output.split())
