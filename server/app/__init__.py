"""The server as one ASGI application: API and pages behind one dispatcher, one sign-in layer outside both."""
