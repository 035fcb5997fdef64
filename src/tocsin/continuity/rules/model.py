"""What to do instead: procedures, and activations that put them in force."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from tocsin.catalog.rules.model import Source
from tocsin.detection.rules.model import State
from tocsin.kernel.language import LocalizedText

type ProcedureKind = Literal["electronic", "non_ict"]

type Activator = Literal["professional", "duty_officer", "authority"]
"""Who may put a procedure in force: whoever it fails for, the federation's duty officer, or the authority alone."""
type LegalMatter = Literal["reimbursement", "law"]


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """On what ground a procedure is allowed or reimbursed.

    `text` may be shown as a yes **only** when `validator`, `validated_on` and `expires_on` are all set and
    `expires_on` has not passed; otherwise readers see `unconfirmed`. `address` is where the text can be read. `matter`
    says what the texts speak of: who pays, or only what is allowed; readers see it under that heading.
    """

    text: LocalizedText
    unconfirmed: LocalizedText
    address: str
    version: str
    validator: str | None
    validated_on: date | None
    expires_on: date | None
    matter: LegalMatter = "reimbursement"


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
    `to_be_validated_by` names who must confirm it; None when validated. `may_activate` says who may put it in force;
    `last_exercised` when it was last practised for real or in a drill, None where nobody is known to have done so.
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
    may_activate: tuple[Activator, ...] = ("duty_officer",)
    last_exercised: date | None = None


type ActivationState = Literal["proposed", "active", "ended"]


type LegalState = Literal["normal", "activated", "ended"]
"""`normal` the usual rules hold; `activated` the procedure's hold, for a stated time; `ended` the usual rules hold
again, and what was done meanwhile must be caught up with (the procedure's duties)."""


@dataclass(frozen=True, slots=True)
class Activation:
    """A procedure in force: from–until, by whom, because of which incident, for whom.

    `by` is an operator or "policy". In force, it has an end from the start (`until`), which may be moved: the form is
    that of the Danish dispensation, explicit and for a stated time. An ended one leaves its procedure's duties.
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

    @property
    def legal_state(self) -> LegalState:
        """Which rules hold because of it; a proposal that never came into force changes none."""
        if self.state == "active":
            return "activated"
        was_in_force = self.state == "ended" and self.until is not None and self.until > self.start
        return "ended" if was_in_force else "normal"
