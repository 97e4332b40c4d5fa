"""Emitters: each writes circuits as a text or a job body.  They open no sockets."""
