"""Customize: behave differently towards a customer, at a cost that is known and a return that is stated."""

from idic_lab.customize import communication, offers, pricing, products, service

__all__ = ["communication", "offers", "pricing", "products", "service"]
