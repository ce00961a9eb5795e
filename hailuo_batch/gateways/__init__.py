"""Who sells Hailuo-02: one table for each gateway."""
