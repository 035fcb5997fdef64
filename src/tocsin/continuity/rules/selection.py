"""Which procedures help whom: by function, degree, audience and software."""

from collections.abc import Collection, Iterable, Mapping

from tocsin.catalog.rules.graph import reachable
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
    """Return the procedures that help this audience now, most useful first.

    Crucial functions come before the others, then functions in the pack's order (the session first, then what
    keeps a patient waiting); for each function the electronic ways before paper. `packages` is the software that is
    hit (None = all). A way out that itself needs a service that is `failing` is left out, and in a log-in fault
    every way out that needs a session, but for those of log-in itself.
    """
    wanted = set(functions)
    no_session = {*failing, *_login_services(pack)} if is_login_fault else failing
    fitting = [
        procedure
        for procedure in procedures.values()
        if procedure.function in wanted
        and _concerns(procedure, audience=audience, state=state, packages=packages)
        and (not procedure.only_when_single_package or is_single_package_fault(procedure.function, packages, pack))
        and not _is_blocked(procedure, failing if pack.functions[procedure.function].is_login else no_session, pack)
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
    return not reachable(procedure.needs, edges).isdisjoint(broken)


def _usefulness(procedure: Procedure, pack: Pack) -> tuple[bool, int, bool]:
    # `sorted` keeps the order of the procedures' files among equals.
    is_minor = not pack.functions[procedure.function].is_crucial
    return is_minor, list(pack.functions).index(procedure.function), procedure.kind != "electronic"
