"""Economy: classes and patterns that cost nothing until used, and what is found out once."""
