"""The usual way to recommend by cosine similarity: dense matrices of all pairs, and a sorted row per request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import cosine_similarity

NEIGHBOUR, POPULAR = "neighbour", "popular"

Answer = list[tuple[str, float, str]]


class DenseRecommender:
    """Everything is a data frame: who bought what, who is like whom, what goes with what."""

    def __init__(self, path: Path) -> None:
        lines = pd.read_parquet(path, columns=["StockCode", "Quantity", "CustomerID"])
        lines = lines[(lines["Quantity"] > 0) & lines["CustomerID"].notna()]
        bought = lines.pivot_table(index="CustomerID", columns="StockCode", values="Quantity", aggfunc="sum")
        self.bought = (bought.fillna(0) > 0).astype(int)
        names, codes = self.bought.index, self.bought.columns
        self.customers = pd.DataFrame(cosine_similarity(self.bought), index=names, columns=names)
        self.products = pd.DataFrame(cosine_similarity(self.bought.T), index=codes, columns=codes)
        self.popularity = self.bought.mean()

    def save(self, folder: Path) -> int:
        """Write the three frames, and give the bytes that they take."""
        written = 0
        for name in ("bought", "customers", "products"):
            path = folder / f"{name}.pickle"
            getattr(self, name).to_pickle(path)
            written += path.stat().st_size
            path.unlink()
        return written

    def settle_ties(self, digits: int) -> None:
        """Make ties what the rule says: equal to so many digits; then the first id, the more popular product."""
        popular = self.popularity.sort_values(ascending=False, kind="stable").index
        self.popularity = self.popularity[popular]
        self.bought = self.bought[popular]
        self.customers = self.customers.round(digits)
        self.products = self.products.loc[popular, popular].round(digits)

    def for_customer(self, customer: str, n: int) -> Answer:
        """Sort all customers by how similar they are, and take what they bought and this one did not."""
        similar = self.customers.loc[customer].drop(customer).sort_values(ascending=False, kind="stable")
        rest = self.bought.loc[customer].to_numpy() == 0
        found: Answer = []
        for other, similarity in similar.items():
            if similarity == 0:
                break
            new = np.flatnonzero(rest & (self.bought.loc[other].to_numpy() > 0))
            rest[new] = False
            found += [(code, similarity, NEIGHBOUR) for code in self.bought.columns[new]]
            if len(found) >= n:
                return found[:n]
        left = self.popularity[rest].iloc[: n - len(found)]
        return found + [(code, share, POPULAR) for code, share in left.items()]

    def for_product(self, product: str, n: int) -> Answer:
        """Sort all products by how similar they are."""
        similar = self.products.loc[product].drop(product).sort_values(ascending=False, kind="stable").head(n)
        return [(code, similarity, NEIGHBOUR) for code, similarity in similar.items() if similarity > 0]
