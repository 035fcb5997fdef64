"""One tick read aloud: gather → judge → locate → steer → continue → say → save.

The stages are pure functions of the domains; this module only hands the result of one to the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Procedure


@dataclass(frozen=True, slots=True)
class Federation:
    """What does not change from tick to tick: the pack, its procedures, its message templates, the profile.

    Fields are added here as their domains land (`templates`, `profile`).
    """

    pack: Pack
    procedures: Mapping[str, Procedure]
