"""A local service that speaks both vendors' APIs, to rehearse on.  Needs the extra `serve`."""
