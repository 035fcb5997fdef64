from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from announcements import at
from tocsin.audit.models import AuditEntry
from tocsin.kernel.errors import InputError
from tocsin.notifications import services
from tocsin.notifications.errors import SubscriptionError
from tocsin.notifications.models import OutboxMessage, Subscriber, SubscriptionAttempt
from tocsin.notifications.queries import by_token, link, token_for
from tocsin.notifications.rules.model import Subscription

pytestmark = pytest.mark.django_db


def ask(address: str = "reader@example.org", *, sender: str = "192.0.2.1", minute: float = 0, **wish: object) -> None:
    given = {"audience": "pharmacist", "functions": (), "language": "fr"} | wish
    services.subscribe(
        address=address,
        language=str(given["language"]),
        wish=Subscription(str(given["audience"]), tuple(given["functions"])),  # type: ignore[arg-type]  # the tests give tuples
        sender=sender,
        now=at(minute),
    )


def confirm_token() -> str:
    return token_for(Subscriber.objects.get(), purpose="confirm")


def test_asking_puts_nothing_in_force_but_a_mail_on_its_way() -> None:
    ask("  Reader@Example.ORG ")
    row = Subscriber.objects.get()
    assert (row.address, row.confirmed_at, row.pending) == (
        "reader@example.org",
        None,
        {
            "language": "fr",
            "functions": [],
            "region": "",
            "package": "",
            "least": "degraded",
            "with_drills": False,
            "is_on_duty": None,
        },
    )
    message = OutboxMessage.objects.get()
    assert message.recipient == "reader@example.org"
    assert (message.payload or {})["letter"]["action"]["address"] == link(row, purpose="confirm")


def test_confirming_puts_it_in_force_once_and_is_audited_without_the_address() -> None:
    ask(functions=("dispense",), language="nl")
    token = confirm_token()
    for minute in (5, 6):
        services.confirm(token, now=at(minute))
    row = Subscriber.objects.get()
    assert (row.confirmed_at, row.language, row.functions, row.pending) == (at(5), "nl", ["dispense"], None)
    entries = AuditEntry.objects.filter(action="subscription.confirmed")
    assert entries.count() == 1
    assert not any("example.org" in f"{entry.actor}{entry.subject}{entry.facts}" for entry in AuditEntry.objects.all())


def test_a_link_is_good_for_48_hours() -> None:
    ask()
    token = confirm_token()
    with pytest.raises(SubscriptionError) as caught:
        services.confirm(token, now=at(0) + services.CONFIRM_WITHIN + timedelta(seconds=1))
    assert caught.value.code == "subscription.link-expired"
    services.confirm(token, now=at(0) + services.CONFIRM_WITHIN)


def test_somebody_else_typing_my_address_changes_nothing_until_i_confirm() -> None:
    ask(language="fr")
    services.confirm(confirm_token(), now=at(1))
    ask(language="de", functions=("tarify",), minute=10)
    row = Subscriber.objects.get()
    assert (row.language, row.functions, row.left_at) == ("fr", [], None)
    services.confirm(confirm_token(), now=at(11))
    row.refresh_from_db()
    assert (row.language, row.functions, row.confirmed_at) == ("de", ["tarify"], at(1))


@pytest.mark.parametrize("tampered", ["", "nonsense", "handle:signature"])
def test_a_link_that_is_not_ours_does_nothing(tampered: str) -> None:
    for act in (services.confirm, services.leave):
        with pytest.raises(SubscriptionError) as caught:
            act(tampered, now=at(1))
        assert caught.value.code == "subscription.link"


def test_a_link_is_good_for_its_own_purpose_only() -> None:
    ask()
    assert by_token(confirm_token(), purpose="leave") is None
    assert urlsplit(link(Subscriber.objects.get(), purpose="leave")).path.startswith("/subscribe/leave/")


def test_leaving_is_at_once_final_and_repeatable() -> None:
    ask()
    old_link = confirm_token()
    row = services.confirm(old_link, now=at(1))
    token = token_for(row, purpose="leave")
    for minute in (5, 6):
        services.leave(token, now=at(minute))
    row.refresh_from_db()
    assert row.left_at == at(5)
    with pytest.raises(SubscriptionError):
        services.confirm(old_link, now=at(7))


def test_who_left_may_come_back() -> None:
    ask()
    row = services.confirm(confirm_token(), now=at(1))
    services.leave(token_for(row, purpose="leave"), now=at(5))
    ask(minute=10)
    assert services.confirm(confirm_token(), now=at(11)).left_at is None


def test_one_address_cannot_be_flooded_and_the_answer_does_not_tell() -> None:
    for minute in range(10):
        ask(sender=f"192.0.2.{minute}", minute=minute)
    assert OutboxMessage.objects.count() == services.ATTEMPTS_PER_ADDRESS
    ask(minute=75)
    assert OutboxMessage.objects.count() == services.ATTEMPTS_PER_ADDRESS + 1


def test_one_sender_cannot_flood_many_addresses() -> None:
    for n in range(services.ATTEMPTS_PER_SENDER):
        ask(f"s{n}@example.org")
    with pytest.raises(SubscriptionError) as caught:
        ask("one-more@example.org", minute=1)
    assert caught.value.code == "subscription.too-many"
    ask("one-more@example.org", sender="192.0.2.2", minute=1)


def test_attempts_keep_no_address_of_anybody() -> None:
    ask()
    keys = SubscriptionAttempt.objects.values_list("key", flat=True)
    assert len(set(keys)) == 2
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"address": "not an address"}, "subscription.address"),
        ({"audience": "astrologer"}, "subscription.audience"),
        ({"functions": ("levitate",)}, "subscription.function"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(given: dict[str, object], code: str) -> None:
    with pytest.raises(InputError) as caught:
        ask(**given)  # type: ignore[arg-type]  # a table of keyword arguments
    assert caught.value.code == code
    assert not Subscriber.objects.exists()


def test_an_operators_word_confirms_at_once_and_is_audited() -> None:
    wish = Subscription("doctor", ("prescribe",))
    row = services.add_subscriber(address="d@example.org", language="de", wish=wish, by="operator:cli", now=at(0))
    assert (row.confirmed_at, row.language, row.functions) == (at(0), "de", ["prescribe"])
    assert AuditEntry.objects.get(action="subscription.added").actor == "operator:cli"
    assert not OutboxMessage.objects.exists()


def test_what_is_no_longer_needed_of_people_is_erased() -> None:
    ask("unconfirmed@example.org")
    wish = Subscription("doctor")
    add = services.add_subscriber
    stays = add(address="stays@example.org", language="fr", wish=wish, by="operator:cli", now=at(0))
    left = add(address="left@example.org", language="fr", wish=wish, by="operator:cli", now=at(0))
    services.end_subscription(left, actor="operator:cli", now=at(1))
    services.forget(now=at(1))
    assert Subscriber.objects.count() == 3
    services.forget(now=at(2) + services.FORGET_AFTER)
    assert list(Subscriber.objects.values_list("pk", flat=True)) == [stays.pk]
    assert not SubscriptionAttempt.objects.exists()
    assert not OutboxMessage.objects.exists()
