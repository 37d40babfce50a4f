"""Divergences: how far current is from the reference, as pure functions of two samples on one ruler.

Numerical divergences of distribution functions (Kolmogorov-Smirnov, Wasserstein, energy, Cramer-von Mises,
Anderson-Darling, Mann-Whitney) look at cells, those of shares (Jensen-Shannon, PSI, Kullback-Leibler,
Hellinger, total variation) at about 20 bins; categorical ones look at categories, everything unseen being one
of them.

>>> divergence("jensen_shannon", Kind.CATEGORICAL).title
'Jensen-Shannon distance'
"""

from __future__ import annotations

from modelvane.divergences.anderson_darling import ANDERSON_DARLING
from modelvane.divergences.base import Divergence
from modelvane.divergences.chi_square import CHI_SQUARE
from modelvane.divergences.contributions import contributions
from modelvane.divergences.cramer_von_mises import CRAMER_VON_MISES
from modelvane.divergences.energy import ENERGY
from modelvane.divergences.fisher import FISHER
from modelvane.divergences.g_test import G_TEST
from modelvane.divergences.hellinger import HELLINGER
from modelvane.divergences.jensen_shannon import JENSEN_SHANNON
from modelvane.divergences.kolmogorov_smirnov import KOLMOGOROV_SMIRNOV
from modelvane.divergences.kullback_leibler import KULLBACK_LEIBLER
from modelvane.divergences.l_infinity import L_INFINITY
from modelvane.divergences.mann_whitney import MANN_WHITNEY
from modelvane.divergences.psi import PSI
from modelvane.divergences.total_variation import TOTAL_VARIATION
from modelvane.divergences.two_proportion_z import TWO_PROPORTION_Z
from modelvane.divergences.wasserstein import WASSERSTEIN
from modelvane.divergences.wasserstein_normed import WASSERSTEIN_NORMED
from modelvane.divergences.welch_t import WELCH_T
from modelvane.errors import UnknownNameError
from modelvane.schema import Kind

__all__ = ["DIVERGENCES", "Divergence", "contributions", "divergence"]

DIVERGENCES: dict[str, Divergence] = {
    each.name: each
    for each in (
        KOLMOGOROV_SMIRNOV,
        WASSERSTEIN,
        WASSERSTEIN_NORMED,
        ENERGY,
        CRAMER_VON_MISES,
        ANDERSON_DARLING,
        MANN_WHITNEY,
        WELCH_T,
        JENSEN_SHANNON,
        PSI,
        KULLBACK_LEIBLER,
        HELLINGER,
        TOTAL_VARIATION,
        L_INFINITY,
        CHI_SQUARE,
        G_TEST,
        TWO_PROPORTION_Z,
        FISHER,
    )
}


def divergence(name: str, kind: Kind) -> Divergence:
    """Give the divergence of that name for columns of a kind.

    Raises
    ------
    UnknownNameError
        When there is none; the error lists those for that kind.
    """
    fitting = {each.name: each for each in DIVERGENCES.values() if kind in each.kinds}
    try:
        return fitting[name]
    except KeyError:
        raise UnknownNameError.of(f"{kind} divergence", name, fitting) from None
