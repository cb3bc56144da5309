"""Engines that run the stages on more than one machine.

An engine knows nothing of text: it moves numbers, ids and, where a pair has to be scored, slices of text between the
functions of `dedup.engines.batches` and `dedup.engines.groups`, which take Arrow tables and know nothing of the engine.
"""
