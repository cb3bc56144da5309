"""Report -> what may go of the articles, and the same files without it.

`dedup.clean.rounds.clean_articles` decides, `dedup.clean.files.write_cleaned` writes.
"""
