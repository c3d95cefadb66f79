"""The outlines of the world's countries (Natural Earth), and an index to find them by place."""
