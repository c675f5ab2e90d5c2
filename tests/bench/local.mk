# Load tools and comparisons: make bench.
