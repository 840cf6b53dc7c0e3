"""Inspection engine: request, regions, reading, computation, tiles and statistics."""
