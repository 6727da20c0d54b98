"""The version, known without reading the package's metadata."""

__version__ = "0.1.0"
