"""Customize: behave differently towards a customer, at a cost that is known and a return that is stated."""
