"""Explainer: walks a resource through the checks of its types, and writes every issue."""

from .resource_walk import Explainer

__all__ = ["Explainer"]
