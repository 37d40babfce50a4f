"""How well a model does before its labels are known: the performance that its predictions let expect."""
