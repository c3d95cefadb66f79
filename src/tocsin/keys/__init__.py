"""The installation's keys: their life, rotation, and the re-encryption of secrets."""
