"""Figures of the memorizers."""
