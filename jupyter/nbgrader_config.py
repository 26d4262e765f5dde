"""Where the course of the exercises is, for nbgrader's menu in JupyterLab."""

from pathlib import Path

c = get_config()  # noqa: F821 (given by nbgrader)
c.CourseDirectory.root = str(Path(__file__).resolve().parents[1] / "exercises")
c.CourseDirectory.course_id = "idic_lab"
