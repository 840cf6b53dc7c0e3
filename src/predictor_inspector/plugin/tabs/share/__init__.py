"""Share tab: notes, sessions, figures and reports."""
