"""The version, in one place: the build and the citation of a result read it here."""

__version__ = "0.1.0"
