"""Which procedures help whom: by function, degree, audience and software."""

from collections.abc import Collection, Iterable, Mapping

from tocsin.catalog.rules.graph import closures
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.rules.model import State


def procedures_for(
    *,
    functions: Iterable[str],
    audience: str,
    state: State,
    packages: tuple[str, ...] | None,
    procedures: Mapping[str, Procedure],
    pack: Pack,
    is_login_fault: bool = False,
    failing: Collection[str] = (),
) -> tuple[Procedure, ...]:
    """Return the procedures that help this audience now: electronic before paper, then in the pack's order.

    `packages` is the software that is hit (None = all). A way out that itself needs a service that is `failing`
    (or, in a log-in fault, that needs a new session) is left out. Crucial functions come before the others.
    """
    wanted = set(functions)
    broken = {*failing, *(_login_services(pack) if is_login_fault else ())}
    fitting = [
        procedure
        for procedure in procedures.values()
        if procedure.function in wanted
        and _concerns(procedure, audience=audience, state=state, packages=packages)
        and (not procedure.only_when_single_package or is_single_package_fault(procedure.function, packages, pack))
        and not _is_blocked(procedure, broken, pack)
    ]
    return tuple(sorted(fitting, key=lambda procedure: _usefulness(procedure, pack)))


def is_single_package_fault(function: str, packages: tuple[str, ...] | None, pack: Pack) -> bool:
    """Say whether only some of the software with which the function is done is hit, so that another way works."""
    if not packages:
        return False
    audiences = pack.functions[function].audiences
    return any(package.audience in audiences and package.id not in packages for package in pack.packages.values())


def _concerns(procedure: Procedure, *, audience: str, state: State, packages: tuple[str, ...] | None) -> bool:
    if audience not in procedure.audiences or state not in procedure.states:
        return False
    return procedure.packages is None or packages is None or not set(packages).isdisjoint(procedure.packages)


def _login_services(pack: Pack) -> Iterable[str]:
    return (service for function in pack.functions.values() if function.is_login for service in function.uses)


def _is_blocked(procedure: Procedure, broken: Collection[str], pack: Pack) -> bool:
    if not procedure.needs or not broken:
        return False
    edges = {service.id: service.needs for service in pack.services.values()}
    reach = closures({**edges, "": procedure.needs})[""]
    return not reach.isdisjoint(broken)


def _usefulness(procedure: Procedure, pack: Pack) -> tuple[bool, bool, int]:
    # `sorted` keeps the order of the procedures' files among equals.
    order = list(pack.functions)
    is_minor = not pack.functions[procedure.function].is_crucial
    return procedure.kind != "electronic", is_minor, order.index(procedure.function)
