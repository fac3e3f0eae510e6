"""The rebalancer: everything that is true about keeping portfolios on target, without any chat app."""
