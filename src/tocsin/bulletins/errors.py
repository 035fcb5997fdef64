"""What can be wrong with an act on a bulletin, or on the policy.

TocsinError
├── InputError     UnknownBulletinError · BulletinTextError · UnchangedTextError · PolicyValueError
└── ConflictError  BulletinStatusError · SecondApprovalError · SameApproverError · BlockedTextError
                   · FactsMovedError · NewerBulletinError · AutomationLockedError
"""

from collections.abc import Sequence

from tocsin.kernel.errors import ConflictError, InputError
from tocsin.kernel.reasons import Reason


class UnknownBulletinError(InputError):
    """There is no bulletin of that id."""

    http_status = 404

    def __init__(self, bulletin_id: str) -> None:
        """Build the error for the id that was asked for."""
        super().__init__("bulletin.unknown", f"There is no bulletin {bulletin_id!r}.")


class BulletinTextError(InputError):
    """The edited text is none of this bulletin's."""

    def __init__(self, audience: str) -> None:
        """Build the error for an audience that the bulletin does not speak to."""
        super().__init__(
            "bulletin.text",
            f"The bulletin does not speak to {audience!r}.",
            hint="Reload the page: who is hit may have changed.",
        )


class UnchangedTextError(InputError):
    """A correction that changes nothing."""

    def __init__(self, bulletin_id: str) -> None:
        """Build the error for the bulletin that was to be corrected."""
        super().__init__(
            "bulletin.unchanged",
            f"Nothing in bulletin {bulletin_id} reads otherwise than before.",
            hint="Change what was wrong, then correct it.",
        )


class PolicyValueError(InputError):
    """There is no such severity, level or way."""

    def __init__(self, what: str, value: str, *, known: Sequence[str]) -> None:
        """Build the error; `known` are the values that there are."""
        super().__init__("policy.value", f"{value!r} is no {what}.", hint=f"Use one of: {', '.join(known)}.")


class BulletinStatusError(ConflictError):
    """The bulletin does not stand where the act would make sense."""

    def __init__(self, bulletin_id: str, *, status: str, wanted: str = "draft") -> None:
        """Build the error for a bulletin that somebody, or a newer one, dealt with meanwhile."""
        waits = "no longer waits for approval" if wanted == "draft" else "is not out"
        super().__init__(
            "bulletin.status",
            f"Bulletin {bulletin_id} {waits}: it is {status}.",
            hint="Reload the page to see what was told meanwhile.",
            status=status,
        )


class SecondApprovalError(ConflictError):
    """The approval was kept, and another person must agree before the bulletin goes out."""

    def __init__(self, bulletin_id: str, *, missing: int) -> None:
        """Build the error; `missing` is how many more people must agree."""
        super().__init__(
            "bulletin.second_approval",
            f"Your approval of bulletin {bulletin_id} is noted; it goes out once somebody else agrees too.",
            hint="Ask another duty officer: they find it on the console.",
            missing=missing,
        )


class SameApproverError(ConflictError):
    """Two people must agree, and this one did already."""

    def __init__(self, bulletin_id: str, *, by: str) -> None:
        """Build the error for the person who approved it twice."""
        super().__init__(
            "bulletin.same_approver",
            f"{by} approved bulletin {bulletin_id} already; the second yes must be another person's.",
            hint="Ask another duty officer.",
        )


class BlockedTextError(ConflictError):
    """The check of the words found something that must not go out."""

    def __init__(self, bulletin_id: str, *, findings: Sequence[Reason]) -> None:
        """Build the error; `findings` are what blocks."""
        codes = ", ".join(dict.fromkeys(finding.code for finding in findings))
        super().__init__(
            "bulletin.blocked",
            f"Bulletin {bulletin_id} must not go out like this ({codes}).",
            hint="Mend the text, or write down why it must go out all the same.",
            findings=[finding.to_json() for finding in findings],
        )


class FactsMovedError(ConflictError):
    """The facts moved on since the draft was edited; its words speak of what was so before."""

    def __init__(self, bulletin_id: str) -> None:
        """Build the error for the edited draft."""
        super().__init__(
            "bulletin.facts_moved",
            f"The facts have moved since bulletin {bulletin_id} was edited.",
            hint="Look at the difference, then carry your words over or take the new ones.",
        )


class NewerBulletinError(ConflictError):
    """Readers have been told something newer: correcting the older message would put the clock back."""

    def __init__(self, bulletin_id: str, *, newer: str) -> None:
        """Build the error; `newer` is what the same readers were told since."""
        super().__init__(
            "bulletin.newer",
            f"Since bulletin {bulletin_id}, bulletin {newer} went out to the same readers.",
            hint="Correct that one.",
            newer=newer,
        )


class AutomationLockedError(ConflictError):
    """Automation has not earned its trust yet."""

    def __init__(self, missing: Sequence[Reason]) -> None:
        """Build the error; `missing` says what is still to be done."""
        codes = ", ".join(reason.code for reason in missing)
        super().__init__(
            "policy.not_earned",
            f"Automation stays locked: four weeks of shadow drafts must be reviewed first ({codes}).",
            hint="Review them on the console; an unofficial demonstration may be unlocked as such.",
            missing=[reason.to_json() for reason in missing],
        )
