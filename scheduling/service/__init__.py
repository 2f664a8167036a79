"""What people and programs do with tasks and plans."""
