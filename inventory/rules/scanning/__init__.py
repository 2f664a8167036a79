"""Reading labels: GS1, HIBC, ISBT 128 and EPC tags; a wrong check digit is an error, a doubt is a warning."""
