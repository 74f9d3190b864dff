"""The way back from a menu to the one before it (R22)."""

from collections.abc import Iterable

from ivr_flows.engine.flow import Collect, Flow, Menu, SlowHandler


def menu_before(flow: Flow, trail: Iterable[str], name: str, *, is_over: bool = False) -> str | None:
    """The step before the menu ``name``, by those that the call has passed; None at the first menu.

    It is the menu that led there, or the step that says what the options of that menu are about. ``is_over``:
    the verification is. Then a warning of news counts as any other menu: whoever has the phone is asked for
    the PIN alike, with such news and without it (R11).
    """
    menus: list[str] = []
    for passed in trail:
        step = flow.steps.get(passed)
        if isinstance(step, Menu) and (step.returns or is_over or passed == name):
            # A menu reached again: the caller's way back no longer includes what followed it the first time.
            own = step.told_by or passed
            menus = menus[: menus.index(own)] if own in menus else menus
            menus.append(own)
        elif isinstance(step, Collect) and isinstance(step.then, SlowHandler) and step.then.is_a_try:
            # A new PIN is asked for: what an earlier one opened is reached only through this PIN.
            menus = [menu for menu in menus if menu in flow.open_to_all]
    here = flow.steps.get(name)
    own = (isinstance(here, Menu) and here.told_by) or name
    before = menus[: menus.index(own)] if own in menus else menus
    return before[-1] if before else None
