"""Interact: contacts that cost less, do more, and take up where the last one ended.

``channels`` says who is reached how, ``feedback`` what customers say, ``dialogue`` where each conversation stands and
what to ask next, ``care`` when to send a greeting."""
