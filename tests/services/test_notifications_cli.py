import pytest
from pytest_django.fixtures import Settings
from typer.testing import CliRunner

from announcements import at
from tocsin.cli.subscribers import app
from tocsin.kernel.clock import FixedClock
from tocsin.notifications.errors import SubscriptionError
from tocsin.notifications.models import Subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    settings.CLOCK = FixedClock(at(0))
    monkeypatch.setattr("tocsin.runtime.startup.start", lambda **_: None)
    return CliRunner()


def test_adding_listing_and_removing(run: CliRunner) -> None:
    added = run.invoke(
        app, ["add", "A@example.org", "--audience", "pharmacist", "--language", "nl", "--function", "dispense"]
    )
    assert added.exit_code == 0, added.output
    run.invoke(app, ["add", "b@example.org", "--audience", "doctor"])
    assert run.invoke(app, ["list"]).output.splitlines() == [
        "a@example.org nl pharmacist only dispense",
        "b@example.org en doctor",
    ]
    assert run.invoke(app, ["remove", "A@example.org"]).exit_code == 0
    assert run.invoke(app, ["list"]).output.splitlines() == ["b@example.org en doctor"]
    assert Subscriber.objects.get(address="a@example.org").left_at == at(0)


def test_removing_nobody_says_so(run: CliRunner) -> None:
    removed = run.invoke(app, ["remove", "nobody@example.org"])
    assert removed.exit_code == 1
    assert "nobody is subscribed as nobody@example.org" in removed.output


def test_what_does_not_exist_is_refused(run: CliRunner) -> None:
    assert run.invoke(app, ["add", "a@example.org", "--audience", "doctor", "--language", "tlh"]).exit_code == 2
    refused = run.invoke(app, ["add", "a@example.org", "--audience", "astrologer"])
    assert isinstance(refused.exception, SubscriptionError)
    assert not Subscriber.objects.exists()
