"""Executing the course: run folders, manifests, kernels, periodic reviews, forgetting a customer in a run."""
