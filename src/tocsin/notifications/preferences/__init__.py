"""What users prefer to be told, and how."""
