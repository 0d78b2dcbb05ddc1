"""The routes, one module per resource; each makes its blueprint from the services."""
