"""One use case a step of the service; each joins the cloud room with the engine rooms. Handlers only call these."""
