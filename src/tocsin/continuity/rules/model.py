"""What to do instead: procedures, and activations that put them in force."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from tocsin.catalog.rules.model import Source
from tocsin.detection.rules.model import State
from tocsin.kernel.language import LocalizedText

type ProcedureKind = Literal["electronic", "non_ict"]


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """On what ground a procedure is allowed or reimbursed.

    `text` may be shown as a yes **only** when `validator`, `validated_on` and `expires_on` are all set and
    `expires_on` has not passed; otherwise readers see `unconfirmed`. `address` is where the text can be read.
    """

    text: LocalizedText
    unconfirmed: LocalizedText
    address: str
    version: str
    validator: str | None
    validated_on: date | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Duty:
    """What must be done after recovery, and within how long of the end (None: no deadline known)."""

    text: LocalizedText
    within: timedelta | None


@dataclass(frozen=True, slots=True)
class Procedure:
    """What to do instead of a function: versioned data that also works printed.

    `states` are the degrees that trigger it. `packages` narrows it to some software (None = all). `instruction` is
    the one sentence for the top of a page or an SMS; `steps` the whole; `patient` what to say to the patient.
    `avoid` is a "do not", shown only where `look.md`'s rule allows (the rule `may_show_avoid`).
    `is_avoid_proven` says that the software it applies to was shown to behave as `avoid` takes for granted.
    `caveat` tells readers of what year the facts are, or how else to take them. `needs` are the services that the
    way out itself cannot do without. `only_when_single_package` keeps it for faults of some software only.
    `to_be_validated_by` names who must confirm it; None when validated.
    """

    id: str
    version: str
    function: str
    kind: ProcedureKind
    states: tuple[State, ...]
    audiences: tuple[str, ...]
    packages: tuple[str, ...] | None
    title: LocalizedText
    instruction: LocalizedText
    steps: tuple[LocalizedText, ...]
    patient: LocalizedText
    legal: LegalBasis
    forms: tuple[LocalizedText, ...]
    exclusions: tuple[LocalizedText, ...]
    duties: tuple[Duty, ...]
    avoid: LocalizedText | None
    time_cost: LocalizedText | None
    sources: tuple[Source, ...]
    checked_on: date
    review_on: date
    to_be_validated_by: str | None
    only_when_single_package: bool = False
    is_avoid_proven: bool = False
    caveat: LocalizedText | None = None
    needs: tuple[str, ...] = ()


type ActivationState = Literal["proposed", "active", "ended"]


@dataclass(frozen=True, slots=True)
class Activation:
    """A procedure in force: from–until, by whom, because of which incident, for whom.

    `by` is an operator or "policy"; `until` is None while open-ended. An ended one leaves its procedure's duties.
    """

    procedure: str
    procedure_version: str
    incident: str
    state: ActivationState
    start: datetime
    until: datetime | None
    by: str
    audiences: tuple[str, ...] | None
    packages: tuple[str, ...] | None
    regions: tuple[str, ...] | None
