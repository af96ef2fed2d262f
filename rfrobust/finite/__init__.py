"""Finite networks: certified robust training, attacks, risks and Monte Carlo sweeps."""
