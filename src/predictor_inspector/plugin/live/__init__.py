"""Live updates: controller, worker thread, listeners and shutdown."""
