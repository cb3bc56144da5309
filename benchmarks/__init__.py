"""The benchmark harness: how fast and how well, beside the peers."""
