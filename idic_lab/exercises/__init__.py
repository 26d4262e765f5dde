"""Exercises that grade themselves: each student's own data, checks with hints, and grading outside the notebook.

Students use :func:`begin` and :func:`check`. The expected answers are not in this package: they live with the course,
in ``exercises/answers``, and are computed by the grader, in its own process, from the student's id.
"""

from idic_lab.exercises.desk import begin, check, grade
from idic_lab.exercises.student_data import student_shop, student_tables

__all__ = ["begin", "check", "grade", "student_shop", "student_tables"]
