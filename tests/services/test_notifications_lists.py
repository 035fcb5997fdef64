"""Lists taken over, and what subscribers do by their link: change, take along, erase."""

import json
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings
from typer.testing import CliRunner

from announcements import at, bulletin
from tocsin.audit.models import AuditEntry
from tocsin.cli.subscribers import app
from tocsin.kernel.clock import FixedClock
from tocsin.notifications import services
from tocsin.notifications.errors import SubscriptionError
from tocsin.notifications.importing import Imported, import_list
from tocsin.notifications.models import OutboxMessage, Subscriber
from tocsin.notifications.queries import confirmation_sms, letter_from_json, link, subscription_of, token_for
from tocsin.notifications.rules.model import Subscription

pytestmark = pytest.mark.django_db

HEAD = "address,audience,language,functions,region,consent_text,consent_date,consent_source"
PROOF = '"Alerts, by e-mail",2026-02-01,Membership form'
GOOD = f"a@example.org,pharmacist,fr,dispense tarify,BE-WLG,{PROOF}"


def take(*lines: str, is_trial: bool = False) -> Imported:
    return import_list([f"{line}\n" for line in (HEAD, *lines)], by="operator:test", now=at(0), is_trial=is_trial)


def test_a_line_is_taken_over_with_its_proof_and_told_who_gave_the_address() -> None:
    assert take(GOOD) == Imported(1, 0, ())
    row = Subscriber.objects.get()
    wish = Subscription("pharmacist", ("dispense", "tarify"), region="BE-WLG")
    assert (row.confirmed_at, row.language, subscription_of(row)) == (at(0), "fr", wish)
    assert row.consent["consent_source"] == "Membership form"
    message = OutboxMessage.objects.get()
    letter = letter_from_json((message.payload or {})["letter"])
    assert "Membership form" in letter.sections[0].lines[0]
    assert letter.leave is not None
    assert letter.leave.address == link(row, purpose="leave")
    assert "Membership form" in (message.payload or {})["sms"]
    entry = AuditEntry.objects.get(action="subscriptions.imported")
    assert entry.facts == {"added": 1, "known": 0, "refused": 0}


def test_a_trial_changes_nothing() -> None:
    assert take(GOOD, is_trial=True) == Imported(1, 0, ())
    assert not Subscriber.objects.exists()
    assert not AuditEntry.objects.exists()


def test_doing_it_again_and_a_line_that_is_there_twice_add_nobody() -> None:
    take(GOOD)
    services.end_subscription(Subscriber.objects.get(), actor="subscriber", now=at(1))
    assert take(GOOD, GOOD) == Imported(0, 2, ())
    assert Subscriber.objects.get().left_at == at(1), "who left is left as they are"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (GOOD.replace("a@example.org", "not an address"), "subscription.address"),
        (GOOD.replace("a@example.org", "a@example.org\tBcc: b@example.org"), "subscription.address"),
        (GOOD.replace("pharmacist", "astrologer"), "subscription.audience"),
        (GOOD.replace(",fr,", ",tlh,"), "subscription.language"),
        (GOOD.replace("tarify", "levitate"), "subscription.function"),
        (GOOD.replace("BE-WLG", "BE-XXX"), "subscription.region"),
        (GOOD.replace("2026-02-01", "2027-02-01"), "subscription.consent"),
        (GOOD.replace("2026-02-01", "yesterday"), "subscription.consent"),
        (GOOD.replace("Membership form", ""), "subscription.list"),
        ("x" * 10_000_000, "subscription.list"),
        ("just one cell", "subscription.list"),
    ],
    ids=range(11),
)
def test_a_bad_line_is_named_and_loses_no_good_one(line: str, code: str) -> None:
    other = GOOD.replace("a@", "b@")
    done = take(line, other)
    assert (done.added, [(each.number, each.code) for each in done.refused]) == (1, [(2, code)])
    assert Subscriber.objects.get().address == "b@example.org"


def test_a_list_without_its_columns_is_refused() -> None:
    with pytest.raises(SubscriptionError) as caught:
        import_list(["address,audience\n"], by="operator:test", now=at(0), is_trial=False)
    assert caught.value.code == "subscription.list"


def reader(address: str = "r@example.org", audience: str = "pharmacist") -> Subscriber:
    wish = Subscription(audience)
    return services.add_subscriber(address=address, language="fr", wish=wish, by="operator:test", now=at(0))


def test_choices_are_changed_by_link_and_take_effect_at_once() -> None:
    row, wish = reader(), Subscription("doctor", ("prescribe",), region="BE-VAN", least="down", with_drills=True)
    changed = services.change(token_for(row, purpose="manage"), language="nl", wish=wish, now=at(1))
    assert (changed.language, subscription_of(changed)) == ("nl", wish)
    before = row.choices
    row.refresh_from_db()
    assert row.choices != before


def test_what_cannot_be_changed_says_why() -> None:
    row = reader()
    reader(audience="doctor")
    token = token_for(row, purpose="manage")
    for wish, code in (
        (Subscription("doctor"), "subscription.already"),
        (Subscription("pharmacist", package="none"), "subscription.package"),
    ):
        with pytest.raises(SubscriptionError) as caught:
            services.change(token, language="fr", wish=wish, now=at(1))
        assert caught.value.code == code
    services.end_subscription(row, actor="subscriber", now=at(1))
    with pytest.raises(SubscriptionError) as caught:
        services.change(token, language="fr", wish=Subscription("pharmacist"), now=at(1))
    assert caught.value.code == "subscription.link-expired"


def test_everything_held_is_exported_and_erased_by_link() -> None:
    row = reader()
    services.enqueue(bulletin(), now=at(3))
    services.work(FixedClock(at(5)), channels_given={})
    token = token_for(row, purpose="manage")
    held = services.export(token)
    assert json.loads(json.dumps(held))["address"] == "r@example.org"
    assert [message["bulletin"] for message in held["messages"]] == ["2026-03-02-1-b1"]
    services.erase(token, now=at(6))
    assert not Subscriber.objects.exists()
    assert not OutboxMessage.objects.exists()
    assert not any("example.org" in f"{entry.actor}{entry.subject}{entry.facts}" for entry in AuditEntry.objects.all())


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_the_question_fits_into_one_text_message(language: str, settings: Settings) -> None:
    row = reader()
    row.pending = {"language": language}
    assert len(confirmation_sms(row)) <= 160
    assert settings.CONFIGURATION.base_url in confirmation_sms(row)


def test_the_commands(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.CLOCK = FixedClock(at(0))
    monkeypatch.setattr("tocsin.runtime.startup.start", lambda **_: None)
    run, file = CliRunner(), tmp_path / "list.csv"
    file.write_text(f"{HEAD}\n{GOOD}\nbad line\n")
    tried = run.invoke(app, ["import", str(file), "--trial"])
    assert (tried.exit_code, Subscriber.objects.count()) == (1, 0)
    assert "line 3" in tried.output
    assert "1 added, 0 known already, 1 refused." in run.invoke(app, ["import", str(file)]).output
    exported = run.invoke(app, ["export", "a@example.org"])
    assert json.loads(exported.output)[0]["consent"]["consent_text"] == "Alerts, by e-mail"
    assert run.invoke(app, ["suppress", "a@example.org"]).exit_code == 0
    assert "left alone: complaint" in run.invoke(app, ["list"]).output
    assert run.invoke(app, ["erase", "a@example.org"]).exit_code == 0
    assert run.invoke(app, ["erase", "a@example.org"]).exit_code == 1
