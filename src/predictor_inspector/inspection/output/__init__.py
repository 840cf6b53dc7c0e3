"""Output files: pictures, results, reports and sessions."""
