"""Running the course: notebooks, reports and the controls inside them."""

from idic_lab.course.lab import Lab, start
from idic_lab.course.showing import show
from idic_lab.course.widgets import explore, panel

__all__ = ["Lab", "explore", "panel", "show", "start"]
