"""Every interval, test, resampling and null of the package, in one room; imports nothing of the stages.

:mod:`~idic_lab.inference.intervals` for shares, means, ratios and correlations, :mod:`~idic_lab.inference.resampling` for
whatever has no formula, :mod:`~idic_lab.inference.regression` for models of repeated observations,
:mod:`~idic_lab.inference.multiple_tests` for p-values, :mod:`~idic_lab.inference.experiments` for how many customers a
trial needs, :mod:`~idic_lab.inference.alarms` for a series that is watched.
"""
