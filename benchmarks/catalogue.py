"""Every case, in the order in which they run: what must hold comes first."""

from benchmarks import course, lifetime_value, scale, value_models, whole_run

_ALL = [
    *lifetime_value.CASES[:3],
    whole_run.WHOLE_RUN,
    *lifetime_value.CASES[3:],
    *value_models.CASES,
    *scale.CASES,
    course.COURSE,
]
CASES = {case.name: case for case in _ALL}
