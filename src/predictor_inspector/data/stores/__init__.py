"""Stores of chunks in folders, zip files and behind URLs, all read through tensorstore."""
