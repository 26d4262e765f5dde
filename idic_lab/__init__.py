"""IDIC Lab: identify, differentiate, interact, customize; then implement and monitor."""

__version__ = "0.2.0"
