"""The history of a ranking: what is worth keeping, and when."""

from datetime import timedelta

from situations import NOW
from tocsin.diagnosis.rules.model import Ranking, Suspect
from tocsin.diagnosis.rules.rankings import MOST_KEPT, continued

MINUTE = timedelta(minutes=1)


def suspects(**scores: float) -> tuple[Suspect, ...]:
    return tuple(Suspect(name, score, ()) for name, score in scores.items())


def kept(*steps: tuple[float, dict[str, float]]) -> tuple[Ranking, ...]:
    history: tuple[Ranking, ...] = ()
    for minutes, scores in steps:
        history = continued(history, suspects(**scores), elsewhere=0.1, now=NOW + minutes * MINUTE)
    return history


def test_the_first_ranking_is_kept_with_the_first_three() -> None:
    (first,) = kept((0, {"a": 0.5, "b": 0.2, "c": 0.1, "d": 0.05}))
    assert [(place.suspect, place.score) for place in first.places] == [("a", 0.5), ("b", 0.2), ("c", 0.1)]
    assert [reason.code for reason in first.reasons] == ["ranking.first"]
    assert first.elsewhere == 0.1


def test_nobody_suspected_is_no_ranking() -> None:
    assert kept((0, {})) == ()
    assert len(kept((0, {"a": 0.5}), (5, {}))) == 1


def test_small_moves_are_not_kept() -> None:
    assert len(kept((0, {"a": 0.5, "b": 0.3}), (5, {"a": 0.6, "b": 0.2}))) == 1


def test_a_notable_move_is_kept_after_a_minute() -> None:
    early = kept((0, {"a": 0.5, "b": 0.3}), (0.5, {"a": 0.8, "b": 0.1}))
    late = kept((0, {"a": 0.5, "b": 0.3}), (1, {"a": 0.8, "b": 0.1}))
    assert len(early) == 1
    assert late[-1].reasons[0].code == "ranking.moved"
    assert late[-1].reasons[0].facts == {"suspect": "a", "before_share": 0.5, "now_share": 0.8}


def test_a_new_first_suspect_is_kept_at_once() -> None:
    history = kept((0, {"a": 0.5, "b": 0.4}), (1 / 6, {"b": 0.5, "a": 0.4}))
    assert history[-1].reasons[0].code == "ranking.lead"
    assert history[-1].reasons[0].facts == {"suspect": "b", "other": "a"}


def test_a_long_history_keeps_its_beginning_and_its_end() -> None:
    steps = [(float(minute), {"a": 0.5} if minute % 2 else {"b": 0.5}) for minute in range(MOST_KEPT + 20)]
    history = kept(*steps)
    assert len(history) == MOST_KEPT
    assert history[0].at == NOW
    assert history[-1].at == NOW + (MOST_KEPT + 19) * MINUTE
