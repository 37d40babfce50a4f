"""Reference applications: real prediction services that modelvane watches."""
