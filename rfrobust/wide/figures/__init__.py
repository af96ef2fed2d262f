"""Figures of wide networks."""
