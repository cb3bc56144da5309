"""Archives: what new articles are checked against without reading everything again."""
