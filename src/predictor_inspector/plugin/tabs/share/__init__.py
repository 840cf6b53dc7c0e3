"""Share tab: notes, sessions, pictures, figures and reports."""
