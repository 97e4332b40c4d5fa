"""Clients of the two services.  They take job bodies; they build none."""
