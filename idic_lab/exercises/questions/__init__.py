"""The questions of each assignment: forms, and misconceptions with their hints."""
