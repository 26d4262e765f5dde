"""Runs on data larger than memory: tables of all customers in the engine, notebooks on a sample."""
