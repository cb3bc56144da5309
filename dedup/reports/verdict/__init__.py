"""Writers of a verdict, one a file: ``write(verdict, stream)``."""
