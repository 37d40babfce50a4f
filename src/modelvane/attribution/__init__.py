"""What each feature adds to the predictions, and whether that is what it was."""
