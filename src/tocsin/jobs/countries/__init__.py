"""The outlines of the world's countries that Tocsin ships (Natural Earth), and an index that finds them by place."""
