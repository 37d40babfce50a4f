"""Whether a numerical column is, for rows alike in one or two others, where it was: drift that no mix explains."""

from modelvane.conditional.learning import ConditionalKind
from modelvane.conditional.ruler import NAME, ConditionalRuler

__all__ = ["NAME", "ConditionalKind", "ConditionalRuler"]
