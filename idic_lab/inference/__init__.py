"""Every interval, test, resampling and null of the package, in one room; imports nothing of the stages."""
