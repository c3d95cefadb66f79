"""What users want to be told, and when: preferences of a user, and rules of single tasks and workflows."""
