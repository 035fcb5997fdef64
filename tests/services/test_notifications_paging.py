"""Pages in the outbox: to the right people's own contacts, in their language, once for each reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from factories import console as make
from factories import factors as proofs
from tocsin.accounts.approvals import read_approval
from tocsin.accounts.models import Operator
from tocsin.accounts.roster import set_contacts, set_duty
from tocsin.accounts.rules import PAGE_KINDS
from tocsin.bulletins.services import discard_draft
from tocsin.detection.rules.model import Judgement
from tocsin.engine.ports import Outcome
from tocsin.incidents.queries import timeline
from tocsin.incidents.services import take
from tocsin.kernel.clock import FixedClock, ReplayClock, SystemClock
from tocsin.kernel.errors import InputError
from tocsin.notifications import paging
from tocsin.notifications.delivery import work
from tocsin.notifications.models import OutboxMessage, PageRow
from tocsin.notifications.paging import draft_as_paged, forget_pages, is_paged, page
from tocsin.notifications.queries import letter_from_json
from tocsin.notifications.rules.model import Letter, Message
from tocsin.notifications.rules.paging import Page
from tocsin.plugins.stores.memory.store import MemoryStore
from tocsin.runtime.calling import page_who_is_due
from tocsin.runtime.live import LiveFederation
from tocsin.web import present

pytestmark = pytest.mark.django_db

NOW = make.NOW
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> None:
    settings.CLOCK = FixedClock(NOW)


@pytest.fixture
def judged() -> Judgement:
    return make.judgement(present.pack(), now=NOW)


def officer(name: str, *, language: str = "en", is_on_duty: bool = True, phone: str = "") -> Operator:
    make.operator(name, language=language)
    set_contacts(name, email=f"{name}@example.org", phone=phone, pages=PAGE_KINDS, by=name, now=NOW)
    set_duty(name, is_on_duty=is_on_duty, by=name, now=NOW)
    return Operator.objects.get(username=name)


def sent() -> list[tuple[str, str]]:
    return list(OutboxMessage.objects.order_by("pk").values_list("recipient", "channel"))


def letters() -> list[Letter]:
    return [letter_from_json(payload(row)["letter"]) for row in OutboxMessage.objects.order_by("pk")]


def payload(row: OutboxMessage) -> dict[str, Any]:
    assert row.payload is not None
    return dict(row.payload)


def drafted(*, at: timedelta = timedelta()) -> str:
    make.store_incident(replace(make.incident(), opened_at=NOW))
    found = make.bulletin(present.pack(), at=NOW + at)
    make.draft(found)
    return found.id


def test_a_page_goes_out_once_in_each_officers_language() -> None:
    officer("ann", language="fr")
    officer("bob", language="de")
    told = Page("draft_waits", "key", incident="2020-01-27-1", subject=make.four("You cannot log in"))
    assert page(told, now=NOW) is not None
    assert page(told, now=NOW + MINUTE) is None
    assert sent() == [("ann@example.org", "email"), ("bob@example.org", "email")]
    assert [letter.subject for letter in letters()] == [
        "Un message vous attend · You cannot log in (fr)",
        "Eine Meldung wartet auf Sie · You cannot log in (de)",
    ]
    assert is_paged("key")


def test_the_page_leads_to_the_draft_for_who_can_prove_themselves_and_else_to_the_console() -> None:
    proofs.app(officer("ann"))
    officer("bob")
    page(Page("draft_waits", "key", incident="i1", bulletin="b1", version="v1"), now=NOW)
    addresses = [letter.action.address for letter in letters() if letter.action is not None]
    token = addresses[0].removesuffix("/").rpartition("/")[2]
    link = read_approval(token, machine_now=SystemClock().now())
    assert (link.operator.username, link.bulletin, link.version) == ("ann", "b1", "v1")
    assert addresses[1].endswith("/console/incidents/i1/")


def test_a_text_message_goes_to_who_has_a_number_once_the_channel_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    proofs.app(officer("ann", phone="+32 470 12 34 56"))
    page(Page("draft_waits", "one", bulletin="2020-01-27-1-b1", version="0123456789ab"), now=NOW)
    assert sent() == [("ann@example.org", "email")]
    monkeypatch.setattr(paging, "channels", lambda: {"email": None, "sms": None})
    page(Page("draft_waits", "two", bulletin="2020-01-27-1-b1", version="0123456789ab"), now=NOW)
    assert sent()[1:] == [("ann@example.org", "email"), ("+32470123456", "sms")]
    said = payload(OutboxMessage.objects.get(channel="sms"))["sms"]
    assert said.startswith("[Unofficial demonstration] A message waits for you: http")
    assert "/approve/2020-01-27-1-b1.0123456789ab." in said
    assert len(said.removeprefix("[Unofficial demonstration] ")) <= 160, "in earnest it is one text message"


def test_where_nobody_is_on_duty_everybody_is_told_so() -> None:
    officer("ann", is_on_duty=False)
    page(Page("draft_waits", "key"), now=NOW)
    assert "Nobody is on duty: this went to everybody." in [
        line for letter in letters() for part in letter.sections for line in part.lines
    ]


def test_a_page_that_reaches_nobody_is_kept_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    make.operator()
    whom = page(Page("draft_waits", "key"), now=NOW)
    assert whom is not None
    assert whom.names == ()
    assert "nobody could be paged" in caplog.text
    assert PageRow.objects.get().names == []


@pytest.mark.parametrize(
    "kind",
    [
        "draft_waits",
        "draft_still_waits",
        "second_needed",
        "first_word_late",
        "update_due",
        "promise_broken",
        "tocsin_ails",
    ],
)
def test_every_kind_of_page_has_words_in_every_language(kind: str) -> None:
    for language in ("fr", "nl", "de", "en"):
        officer(language, language=language)
    page(Page(kind, "key", at=NOW), now=NOW)  # type: ignore[arg-type]  # the parameter is one of them
    assert len({letter.subject for letter in letters()}) == 4
    assert len({letter.headline for letter in letters()}) == 4


class Sink:
    """A channel that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def deliver(self, message: Message) -> None:
        self.messages.append(message)

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("is_replay", [True, False], ids=["replay", "live"])
def test_a_page_is_sent_like_any_message_and_says_when_it_is_of_a_replay(*, is_replay: bool) -> None:
    officer("ann")
    page(Page("draft_waits", "key", subject=make.four("You cannot log in")), now=NOW)
    sink = Sink()
    clock = ReplayClock(NOW, anchor_s=0.0, speed=0.0) if is_replay else SystemClock()
    assert work(clock, channels_given={"email": sink}) == 1
    (message,) = sink.messages
    assert (message.recipient, message.key) == ("ann@example.org", f"key|{Operator.objects.get().pk}|email")
    assert ("Replay" in [mark.short for mark in message.letter.marks]) is is_replay


def test_pages_are_forgotten_after_a_month() -> None:
    page(Page("draft_waits", "key", bulletin="b", version="v", content={"a": 1}), now=NOW)
    assert draft_as_paged("b", "v") == {"a": 1}
    forget_pages(now=NOW + timedelta(days=31))
    assert draft_as_paged("b", "v") is None


# --- the ladder, from what is stored -----------------------------------------------------------------------------


def kinds() -> list[str]:
    return list(PageRow.objects.order_by("pk").values_list("kind", flat=True))


def test_the_ladder_is_climbed_once_however_often_one_looks() -> None:
    officer("ann")
    officer("bob", is_on_duty=False)
    drafted()
    for seconds in range(0, 330, 10):
        page_who_is_due(NOW + timedelta(seconds=seconds))
    assert kinds() == ["draft_waits", "draft_still_waits", "first_word_late"]
    assert sent() == [(f"{name}@example.org", "email") for name in ("ann", "ann", "ann", "bob")]
    on_it = [(entry.kind, entry.at - NOW) for entry in timeline("2020-01-27-1") if "paged" in entry.kind]
    assert on_it == [("paged", 0 * MINUTE), ("paged", 2 * MINUTE), ("paged", 5 * MINUTE)]
    late = timeline("2020-01-27-1").get(kind="first_word_late")
    assert late.reasons == [{"code": "page.first_word_late", "facts": {}}]


def test_who_was_not_reached_in_time_is_not_woken_for_what_is_done() -> None:
    officer("ann")
    draft = drafted()
    page_who_is_due(NOW)
    page_who_is_due(NOW + 10 * timedelta(seconds=1))
    assert OutboxMessage.objects.get().withdrawn_at is None
    page(Page("tocsin_ails", "ails"), now=NOW)
    discard_draft(draft, by="ann", now=NOW + MINUTE)
    page_who_is_due(NOW + MINUTE)
    withdrawn = OutboxMessage.objects.order_by("pk").values_list("withdrawn_at", flat=True)
    assert list(withdrawn) == [NOW + MINUTE, None], "that Tocsin ails is withdrawn by nobody"


def test_two_engines_page_once(monkeypatch: pytest.MonkeyPatch) -> None:
    officer("ann")
    drafted()
    assert page_who_is_due(NOW) == 1
    monkeypatch.setattr("tocsin.runtime.calling.is_paged", lambda _: False)
    assert page_who_is_due(NOW) == 0
    assert len(sent()) == 1


def test_taking_it_stops_the_second_call() -> None:
    officer("ann")
    drafted()
    page_who_is_due(NOW)
    take("2020-01-27-1", by="ann", now=NOW + MINUTE)
    page_who_is_due(NOW + 3 * MINUTE)
    assert kinds() == ["draft_waits"]


def test_the_owner_is_called_before_a_promise_ends_and_everybody_when_it_is_missed() -> None:
    officer("ann")
    officer("bob")
    make.store_incident(make.incident())
    make.publish(make.bulletin(present.pack(), at=NOW))
    take("2020-01-27-1", by="bob", now=NOW)
    assert page_who_is_due(NOW + 24 * MINUTE) == 0
    assert page_who_is_due(NOW + 25 * MINUTE) == 1
    assert sent() == [("bob@example.org", "email")]
    assert letters()[0].subject == "Next update due at 09:52 · You cannot log in (en)"
    assert page_who_is_due(NOW + 30 * MINUTE) == 1
    assert sent()[1:] == [("bob@example.org", "email"), ("ann@example.org", "email")]


def test_a_page_that_fails_is_logged_and_tried_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer("ann")
    drafted()
    with monkeypatch.context() as patched:
        patched.setattr("tocsin.runtime.calling.page", lambda *_, **__: 1 / 0)
        assert page_who_is_due(NOW) == 0
    assert "duty officers could not be paged" in caplog.text
    assert page_who_is_due(NOW) == 1


# --- duty and contacts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"email": "no address"}, "operator.bad_email"),
        ({"email": "a@example.org\nBcc: b@example.org"}, "operator.bad_email"),
        ({"phone": "0470 12 34 56"}, "operator.bad_phone"),
        ({"pages": ["everything"]}, "operator.bad_page"),
    ],
    ids=["email", "header", "phone", "page"],
)
def test_contacts_that_are_none_are_refused(given: dict[str, str | list[str]], code: str) -> None:
    make.operator()
    contacts = {"email": "", "phone": "", "pages": []} | given
    with pytest.raises(InputError, check=lambda error: error.code == code):
        set_contacts("ann", **contacts, by="ann", now=NOW)  # type: ignore[arg-type]  # one of them is bad on purpose


def test_nobody_of_that_name_is_said() -> None:
    with pytest.raises(InputError, match="no operator"):
        set_duty("ann", is_on_duty=True, by="cli", now=NOW)


def test_a_tick_pages_once_it_is_saved(judged: Judgement) -> None:
    officer("ann")
    drafted()
    live = LiveFederation(MemoryStore())
    live.situation(NOW)
    live.save(Outcome(NOW, judged, explanations=(), events=(), activations=(), drafted=(), published=()))
    assert sent() == [("ann@example.org", "email")]
