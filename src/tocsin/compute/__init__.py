"""Work that takes much processor time, done in processes of its own."""
