"""Files that are whole or not there, and processes that end with the one that started them."""
