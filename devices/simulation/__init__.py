"""A simulated school that drives mock pins, 1-Wire files and converters, so real drivers run."""
