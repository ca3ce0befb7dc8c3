"""A plan as one self-contained page: the same text, escaped, with a colour for each kind of line.

No script, no address, no picture: it opens offline and from an attachment, and nothing a tenant chose can act in it.
"""

from __future__ import annotations

import html

from cspdecl.core.operation import Plan
from cspdecl.report.safe import safe_text
from cspdecl.report.text import Show, render_plan

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 2rem; font: 15px/1.45 system-ui, sans-serif; color: #1b1f24; background: #fff; }}
pre {{ font: 13px/1.5 ui-monospace, monospace; overflow-x: auto; }}
.buy {{ color: #0a6b2d; }} .change {{ color: #7a4d00; }} .cancel {{ color: #a1161b; }} .own {{ color: #57606a; }}
@media (prefers-color-scheme: dark) {{
  body {{ color: #e6edf3; background: #0d1117; }}
  .buy {{ color: #56d364; }} .change {{ color: #e3b341; }} .cancel {{ color: #ff7b72; }} .own {{ color: #8b949e; }}
}}
</style>
</head>
<body>
<h1>{title}</h1>
<pre>
{body}</pre>
</body>
</html>
"""
_CLASSES = {"+": "buy", "~": "change", "-": "cancel", "=>": "own", "?": "own"}


def render_html(plan: Plan, *, show: str = "all") -> str:
    """The whole page."""
    eyes: Show = "sell" if show == "sell" else "all"
    title = html.escape(f"Plan for {safe_text(plan.project)}")
    body = "\n".join(_line(line) for line in render_plan(plan, show=eyes).splitlines())
    return _PAGE.format(title=title, body=f"{body}\n")


def _line(line: str) -> str:
    escaped = html.escape(line)
    symbol = line.split(maxsplit=1)[0] if line[:2].isspace() and line.strip() else ""
    kind = next((name for sign, name in _CLASSES.items() if symbol == sign), None)
    return f'<span class="{kind}">{escaped}</span>' if kind else escaped
