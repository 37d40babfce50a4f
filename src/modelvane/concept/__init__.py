"""Whether the relation between inputs and target changed: where, by how much, and when."""

from modelvane.concept.learning import ConceptKind
from modelvane.concept.ruler import NAME, ConceptRuler

__all__ = ["NAME", "ConceptKind", "ConceptRuler"]
