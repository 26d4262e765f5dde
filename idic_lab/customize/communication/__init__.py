"""Messages from templates: by need, stage of the relationship and history; each line says which fact it uses.

No message holds a name. The salutation is a place that the sending system fills in, so that neither tables nor
notebooks carry personal data.
"""

from idic_lab.customize.communication.facts import facts, favourite_category, offer_facts, relationship_stage
from idic_lab.customize.communication.lines import SALUTATION, Line, need_lines, offer_lines
from idic_lab.customize.communication.messages import compose, offer_messages, whole_messages

__all__ = [
    "SALUTATION",
    "Line",
    "compose",
    "facts",
    "favourite_category",
    "need_lines",
    "offer_facts",
    "offer_lines",
    "offer_messages",
    "relationship_stage",
    "whole_messages",
]
