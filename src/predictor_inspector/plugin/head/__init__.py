"""Head of the dock: what is shown, its channel, status and findings, and the menus."""
