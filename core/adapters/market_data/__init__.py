"""Sources of prices, one a module."""
