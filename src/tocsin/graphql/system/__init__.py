"""What anyone may know of the installation, and its state for administrators."""
