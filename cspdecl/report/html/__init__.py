"""A plan as one self-contained page for the browser: readable without its script, on paper and by ear."""

from cspdecl.report.html.page import render_html

__all__ = ["render_html"]
