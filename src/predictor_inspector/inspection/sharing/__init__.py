"""What is given to others: sessions, and reports that read themselves."""
