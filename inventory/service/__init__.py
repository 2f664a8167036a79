"""What people and programs do with stock; each use case is one transaction and can be sent twice without harm."""
