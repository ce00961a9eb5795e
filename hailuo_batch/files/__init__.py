"""Files that we read and write, when somebody else may have put links, pipes or devices in their places."""
