"""What a notebook touches: start, tables, headlines, formatted tables and controls."""

from idic_lab.notebook.lab import Lab, start
from idic_lab.notebook.questions import ask
from idic_lab.notebook.showing import show
from idic_lab.notebook.widgets import explore, panel

__all__ = ["Lab", "ask", "explore", "panel", "show", "start"]
