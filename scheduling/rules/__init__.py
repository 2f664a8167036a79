"""Pure decisions about tasks and plans."""
