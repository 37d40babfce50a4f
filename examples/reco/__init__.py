"""The recommender: products of an online shop, from cosine similarity of purchases."""
