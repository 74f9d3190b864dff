"""The way back from a menu to the one before it (R22)."""

from collections.abc import Iterable

from ivr_flows.engine.flow import Collect, Flow, Menu, SlowHandler


def menu_before(flow: Flow, trail: Iterable[str], name: str) -> str | None:
    """The menu that led to the menu ``name``, by the steps that the call has passed; None at the first."""
    menus: list[str] = []
    for passed in trail:
        step = flow.steps.get(passed)
        if isinstance(step, Menu) and (step.returns or passed == name):
            # A menu reached again: the caller's way back no longer includes what followed it the first time.
            menus = menus[: menus.index(passed)] if passed in menus else menus
            menus.append(passed)
        elif isinstance(step, Collect) and isinstance(step.then, SlowHandler) and step.then.is_a_try:
            # A new PIN is asked for: what an earlier one opened is reached only through this PIN.
            menus = [menu for menu in menus if menu in flow.open_to_all]
    before = menus[: menus.index(name)] if name in menus else menus
    return before[-1] if before else None
