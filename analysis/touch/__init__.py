"""Interactive charts: a frame in, a Chart out; and the scripts of the page that draw them."""
