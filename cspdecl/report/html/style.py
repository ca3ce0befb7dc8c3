"""How the page looks: one sheet, system fonts, one accent; light, dark and paper.

Text has at least 4.5:1 against what is behind it in both schemes (a test computes it in a browser).
"""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark;
  --page: #f6f7f8; --card: #ffffff; --ink: #1b2026; --soft: #55606c; --rule: #d9dee3; --accent: #0b5a9c;
  --cost: #8a97a5; --sell: #0b5a9c; --buy: #14683a; --change: #7b4a00; --cancel: #a3171f; --own: #4a5560; }
@media screen and (prefers-color-scheme: dark) { :root {
  --page: #14171a; --card: #1c2024; --ink: #e7eaed; --soft: #a5afb9; --rule: #363d45; --accent: #7fb8f2;
  --cost: #7d8894; --sell: #5aa2e6; --buy: #74d296; --change: #e4b662; --cancel: #ff958b; --own: #b2bcc6; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  color: var(--ink); background: var(--page); overflow-wrap: anywhere; }
main, .top { max-width: 70rem; margin: 0 auto; padding: 0 1.5rem; }
.top { padding-top: 2.5rem; } main { padding-bottom: 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; font-weight: 650; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 2.8rem 0 .8rem; font-weight: 650; }
h3 { font-size: 1rem; margin: 0; font-weight: 650; }
p { margin: .3rem 0; } ul, ol, dl { margin: 0; padding: 0; list-style: none; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.num { font-variant-numeric: tabular-nums; } .soft, .key, .file, small { color: var(--soft); font-weight: 400; }
.lead { font-size: 1.15rem; max-width: 46rem; } .stays { color: var(--change); font-weight: 600; }
.facts { color: var(--soft); font-size: .9rem; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .5rem; padding: .5rem 1rem;
  background: var(--card); z-index: 1; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.notice { border: 1px solid var(--rule); border-left: 4px solid var(--change); background: var(--card);
  padding: .7rem 1rem; margin: 1rem 0; border-radius: 4px; }
.notice.stop { border-left-color: var(--cancel); } .notice.fine { border-left-color: var(--buy); }
.notice h2 { font-size: 1rem; margin: 0; } .notice ul { margin: .3rem 0 0; } .notice li { margin: .25rem 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.6rem 0 0; }
.cards > div { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: .8rem 1rem; }
.cards dt { color: var(--soft); font-size: .9rem; } .cards dd { margin: 0; font-size: 1.35rem; font-weight: 600;
  font-variant-numeric: tabular-nums; } .cards dd small { display: block; font-size: .85rem; }
.figure { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 1rem 1.2rem;
  margin: 0 0 1rem; position: relative; } .figure svg { display: block; overflow: visible; }
figcaption, caption { text-align: left; margin-bottom: .6rem; } caption { font-weight: 650; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .25rem .6rem .25rem 0; text-align: left;
  font-weight: 400; vertical-align: middle; } thead th { color: var(--soft); font-size: .9rem; }
tbody tr { border-top: 1px solid var(--rule); } th.num, td.num { text-align: right; white-space: nowrap;
  padding-right: 0;
  padding-left: .8rem; } .bars th:first-child { width: 32%; } .bars small { display: block; font-size: .85rem; }
.legend { display: inline-block; margin-right: 1.2rem; font-size: .9rem; color: var(--soft); }
.legend::before { content: ""; display: inline-block; width: .8rem; height: .5rem; margin-right: .4rem;
  background: var(--sell); border-radius: 1px; } .legend.cost::before { background: var(--cost); }
rect.cost { fill: var(--cost); } rect.sell { fill: var(--sell); } .months rect.cost { fill: var(--sell); }
svg text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
svg line { stroke: var(--rule); } svg line.axis { stroke: var(--soft); }
.lanes { margin-bottom: 1rem; font-size: .9rem; } .lane { display: grid; grid-template-columns: 15rem 1fr;
  align-items: center; border-bottom: 1px solid var(--rule); } .lane.ticks { border: 0; }
  .lane > span { color: var(--soft); }
circle { fill: var(--own); fill-opacity: .85; } circle.back { fill: var(--buy); }
  circle.send, circle.hand { fill: var(--change); }
circle.renewal { fill: var(--accent); } circle.owed { fill: var(--cancel); }
.events li { display: grid; grid-template-columns: 13rem 7rem 1fr; gap: 0 1rem; padding: .3rem 0;
  border-top: 1px solid var(--rule); } .who { color: var(--soft); } .who span { display: inline-block;
  margin-right: .4rem; }
details.plain > summary { cursor: pointer; color: var(--accent); padding: .4rem 0; }
.controls { display: flex; flex-wrap: wrap; gap: .8rem 1rem; align-items: end; margin-bottom: 1rem; }
.controls[hidden], [hidden] { display: none !important; }
.controls label { display: block; font-size: .9rem; color: var(--soft); }
.controls .search { flex: 1 1 16rem; } .controls .pick { flex: 0 1 auto; min-width: 11rem; } fieldset { border: 0;
  margin: 0; padding: 0; min-width: 0; display: flex;
  flex-wrap: wrap; gap: .2rem 1rem; flex-basis: 100%; } legend { float: left; margin-right: 1rem; font-size: .9rem;
  color: var(--soft); } .controls fieldset label { display: inline-flex; gap: .4rem; align-items: center;
  color: var(--ink); }
input[type=search], select, button { font: inherit; color: var(--ink); background: var(--card);
  border: 1px solid var(--soft); border-radius: 5px; padding: .4rem .6rem; width: 100%; max-width: 100%; }
button { width: auto; cursor: pointer; } input[type=checkbox] { width: 1.1rem; height: 1.1rem;
  accent-color: var(--accent); }
.customer { content-visibility: auto; contain-intrinsic-size: auto 14rem; background: var(--card);
  border: 1px solid var(--rule); border-radius: 6px; padding: .9rem 1.2rem; margin-bottom: .8rem; }
.customer > header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1.5rem; }
.sums, .why { color: var(--soft); margin: 0; font-size: .9rem; } .units { margin-top: .4rem; }
.unit { border-top: 1px solid var(--rule); } .unit > ul { padding-left: 1.4rem; }
.units summary { display: grid; grid-template-columns: 6.2rem minmax(0, 3fr) minmax(0, 2fr) minmax(0, 1.7fr);
  gap: 0 .9rem; padding: .45rem .2rem; cursor: pointer; align-items: baseline; }
.units summary:hover { background: var(--page); } .what b { margin-right: .4rem; }
.kind { font-weight: 600; font-size: .9rem; white-space: nowrap; } .kind::before { content: "\\25B8";
  display: inline-block; width: 1em; color: var(--soft); }
  details[open] > summary .kind::before { content: "\\25BE"; }
.buy { color: var(--buy); } .change.kind { color: var(--change); } .cancel { color: var(--cancel); }
.adopt, .waiting, .same { color: var(--own); } .amount { text-align: right; } .amount span { display: block; }
  i { font-style: normal; white-space: nowrap; }
.units summary, .units dd, .notes { font-variant-numeric: tabular-nums; }
.mark { display: block; font-size: .9rem; } .mark::before { content: "\\26A0\\FE0E  "; }
.mark.never { color: var(--cancel); font-weight: 600; } .mark.window { color: var(--change); }
.units details > :not(summary) { margin-left: 7.1rem; padding-bottom: .5rem; font-size: .95rem; }
.notes li { margin: .1rem 0; } .units dl { display: grid; grid-template-columns: 11rem 1fr; gap: .1rem 1rem;
  color: var(--soft); font-size: .9rem; } .units dd { margin: 0; color: var(--ink); }
.fold { margin-top: 1.5rem; } .fold > summary { cursor: pointer; font-size: 1.1rem; padding: .4rem 0; }
.fold > summary h2 { display: inline; font-size: 1.1rem; }
footer { color: var(--soft); font-size: .9rem; margin-top: 3rem; border-top: 1px solid var(--rule);
  padding-top: .8rem; }
@media screen and (max-width: 46rem) {
  body { font-size: 15px; } main, .top { padding-left: .9rem; padding-right: .9rem; } h1 { font-size: 1.5rem; }
  .figure, .customer { padding: .7rem .8rem; } .lane, .events li, .units dl { grid-template-columns: 1fr; }
  .events li > .soft { margin-bottom: .1rem; } .units dl dd { margin-bottom: .3rem; }
  .units summary { grid-template-columns: 6.2rem 1fr; } .controls .pick { flex: 1 1 100%; }
  .units summary > :not(.kind, .what) { grid-column: 2; }
  .amount { text-align: left; } .units details > :not(summary) { margin-left: .5rem; }
  .unit > ul { padding-left: .6rem; } .bars, .bars tbody, .bars tr, .bars th, .bars td { display: block;
  width: auto !important; }
  .bars thead tr { display: block; } .bars thead th { display: none; } .bars td.num { text-align: left; padding: 0;
  display: inline-block; margin-right: 1.2rem; } .bars tbody tr { padding: .4rem 0; } .bars td.num::before {
  content: attr(data-label) " "; color: var(--soft); font-size: .9rem; } }
@media print {
  @page { margin: 15mm; } :root { --page: #fff; color-scheme: light; } html { font-size: 9.5pt; }
  body { font-size: 1rem; background: #fff; } .legend::before { print-color-adjust: exact; }
  h2 { margin-top: 1.8rem; } .figure table { break-inside: auto; }
  main, .top { max-width: none; padding: 0; } .controls, .skip { display: none !important; }
  details::details-content { content-visibility: visible !important; block-size: auto !important; }
  .customer { content-visibility: visible; break-inside: avoid; }
  h2, h3, .customer > header, summary { break-after: avoid; }
  .unit, .events li, tr, figure { break-inside: avoid; } .kind::before { content: none !important; }
  a { color: inherit; text-decoration: none; } .figure, .customer, .cards > div { border-color: #bbb; } }
"""
