"""How much will be needed: forecasts of demand, also of demand that comes rarely, and how well they would have done."""
