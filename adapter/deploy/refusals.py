"""What AWS refuses, in one sentence with the remedy."""

from __future__ import annotations


def sentence(error: Exception) -> str:
    """Of an error that boto3 raises."""
    return str(error)
