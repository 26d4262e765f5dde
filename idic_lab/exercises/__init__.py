"""Exercises that grade themselves: each student's own data, and grading outside the notebook.

Students use :func:`begin`, :func:`choices` and :func:`check`. What is right, and which misconception a wrong answer
shows, is not in this package: it lies with the course, in ``exercises/answers`` and ``exercises/misconceptions``, and
is worked out by the grader, in its own process, from the student's id.
"""

from idic_lab.exercises.student import begin as begin, check as check, choices as choices, grade as grade
from idic_lab.exercises.student import my_shop as my_shop, student_tables as student_tables
