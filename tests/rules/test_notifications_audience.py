from hypothesis import given
from hypothesis import strategies as st

from announcements import audience_text, bulletin
from tocsin.notifications.rules.audience import concerns, is_told
from tocsin.notifications.rules.model import Subscription

PHARMACIST = Subscription("pharmacist")
KINDS = st.sampled_from(["first", "update", "holding", "end"])


def test_a_bulletin_concerns_the_audiences_it_speaks_to() -> None:
    assert concerns(PHARMACIST, bulletin())
    assert not concerns(Subscription("doctor"), bulletin())


def test_who_chose_functions_hears_of_these_only() -> None:
    assert concerns(Subscription("pharmacist", ("tarify", "dispense")), bulletin())
    assert not concerns(Subscription("pharmacist", ("tarify",)), bulletin())


def test_the_end_goes_to_those_told_the_start_and_to_nobody_else() -> None:
    end = bulletin(2, kind="end")
    assert is_told(PHARMACIST, end, heard_before=True)
    assert not is_told(PHARMACIST, end, heard_before=False)


def test_who_joins_in_the_middle_hears_the_next_update() -> None:
    assert is_told(PHARMACIST, bulletin(2, kind="update"), heard_before=False)


def test_an_outage_that_narrows_to_other_functions_does_not_go_silent_on_who_heard_of_it() -> None:
    narrowed = bulletin(2, kind="update", functions=("dispense",))
    assert is_told(Subscription("pharmacist", ("tarify",)), narrowed, heard_before=True)
    assert not is_told(Subscription("pharmacist", ("tarify",)), narrowed, heard_before=False)


@given(kind=KINDS, heard=st.booleans(), audience=st.sampled_from(["pharmacist", "doctor", "nurse"]))
def test_nobody_is_sent_what_was_written_for_another_audience(kind: str, heard: bool, audience: str) -> None:  # noqa: FBT001  (hypothesis passes by keyword)
    spoken_to = bulletin(kind=kind, texts={"doctor": audience_text()})  # type: ignore[arg-type]  # drawn from the kinds
    told = is_told(Subscription(audience), spoken_to, heard_before=heard)
    assert not told or audience == "doctor"
