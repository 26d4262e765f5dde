"""Running the course, and the pages it leaves."""
