"""Controls for a figure: a widget wraps a plot function and computes nothing of its own."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets
import matplotlib.pyplot as plt
from IPython.display import display


def explore(draw: Callable, **controls: widgets.Widget) -> None:
    """Show a figure with controls that redraw it.

    The figure stands in the notebook as an ordinary output, drawn with the controls' first values, so that it is also
    there in a saved notebook, a web page or print; moving a control redraws it in place.

    Parameters
    ----------
    draw : callable
        Takes the controls' values as keyword arguments and returns a matplotlib ``Axes`` (or ``Figure``).
    **controls : ipywidgets widget
        One control per argument of `draw`, with a ``description``.
    """
    box = widgets.HBox(list(controls.values()), layout=widgets.Layout(flex_flow="row wrap"))
    named = ", ".join(control.description or name for name, control in controls.items())
    display(
        {
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": box.model_id,
            },
            "text/html": f"<p><em>Controls: {named}. Run this cell in JupyterLab to move them.</em></p>",
            "text/plain": f"Controls: {named}. Run this cell in JupyterLab to move them.",
        },
        raw=True,
    )

    def figure():
        drawn = draw(**{name: control.value for name, control in controls.items()})
        made = drawn if hasattr(drawn, "savefig") else drawn.get_figure()
        plt.close(made)  # else the inline backend would show it a second time at the end of the cell
        return made

    handle = display(figure(), display_id=True)
    for control in controls.values():
        control.observe(lambda change: handle.update(figure()), names="value")
