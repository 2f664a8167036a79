"""From runs to answers: estimates with their uncertainty, comparisons, formulae to check against."""
