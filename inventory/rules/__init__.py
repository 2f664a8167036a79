"""Pure decisions about stock: who may have which lot, in what order, and when to order how much."""
