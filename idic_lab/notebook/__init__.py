"""What a notebook touches: start, tables, headlines, formatted tables and controls."""

from idic_lab.notebook.lab import Lab, start
from idic_lab.notebook.questions import ask
from idic_lab.notebook.showing import explore, panel, plot_cycle, show

__all__ = ["Lab", "ask", "explore", "panel", "plot_cycle", "show", "start"]
