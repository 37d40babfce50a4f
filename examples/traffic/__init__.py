"""Made-up callers of both prediction services, which can be told to change: traffic for trying the stack."""
