"""Transactions from Parquet files."""

from tocsin.plugins.sources.parquet.reader import read

__all__ = ["read"]
