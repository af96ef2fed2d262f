"""Figures of clean generalization with robust overfitting."""
