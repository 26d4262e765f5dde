"""Every interval, test and resampling of the package, in one room; imports nothing of the stages."""
