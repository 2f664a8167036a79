"""How stock is stored: items and lots, the double-entry ledger with its balances, par levels and recalls."""
