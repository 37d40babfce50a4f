"""The log in MongoDB, in the layout of an existing prediction service."""

from modelvane.store.mongodb.log import MongoLog

__all__ = ["MongoLog"]
