"""The quality gate: rules over a report, a baseline of what is known, and a verdict."""
