"""What is so, apart from exercises: a bare state cannot say that it is one, and a machine may act on it."""

from dataclasses import replace

from tocsin.status_site.rules.facts import Facts


def without_drills(facts: Facts) -> Facts:
    """Return the facts as they are without any exercise; its messages say of themselves what they are."""
    drills = {said.bulletin.incident for said in facts.said if said.bulletin.is_drill}
    drills |= {incident.id for incident in facts.incidents if incident.is_drill}
    if not drills:
        return facts
    return replace(
        facts,
        said=[said for said in facts.said if said.bulletin.incident not in drills],
        incidents=[incident for incident in facts.incidents if incident.id not in drills],
    )
