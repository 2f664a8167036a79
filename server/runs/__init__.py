"""Long questions put to the hospital: what goes into a job, and what comes out of it."""
