"""How the page looks: in light and dark, on paper, on a phone."""

from __future__ import annotations

CSS = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b2430; --muted: #566070; --line: #d3d9e1; --link: #0b57a4;
  --shade0: #eef1f4; --shade1: #d9efe3; --shade2: #a9dbc1; --shade3: #74c39b; --shade4: #45a878; --on-shade: #0c2418;
  --bad: #b3261e; --on-bad: #ffffff; --owed: #ffdd80; --on-owed: #3a2c00; --good: #11623d; --hatch: #c9d0d9;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #12171e; --text: #e6ebf1; --muted: #a3afbd; --line: #333e4b; --link: #8ab8f0;
    --shade0: #1f2731; --shade1: #163a2a; --shade2: #1b5139; --shade3: #206648; --shade4: #267853; --on-shade: #f2faf6;
    --bad: #ffa198; --on-bad: #3b0502; --owed: #6a5100; --on-owed: #fff1c9; --good: #7fd6ac; --hatch: #3a4654;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 3rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
a { color: var(--link); }
.verdict { font-size: 1.15rem; font-weight: 600; margin: 0 0 1rem; }
.good { color: var(--good); }
.bad, .wrong { color: var(--bad); }
.wrong { font-weight: 700; }
dl, dd, ul, ol { margin: 0; padding: 0; }
.facts { display: grid; gap: .25rem; }
.facts div { display: grid; grid-template-columns: 8.5rem 1fr; gap: .5rem; }
.facts dd { overflow-wrap: anywhere; }
dt { color: var(--muted); }
.totals { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; }
.totals div { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; container-type: inline-size; }
.totals dd { font-size: min(1.4rem, 15cqi); font-variant-numeric: tabular-nums; }
.totals .wrong { border-color: var(--bad); }
.totals .wrong dt { color: inherit; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-bottom: 1rem; }
.legend span { white-space: nowrap; }
.swatch {
  display: inline-block; width: 1.35rem; height: 1.35rem; border-radius: .25rem; vertical-align: middle;
  text-align: center; font-size: .85rem; line-height: 1.35rem; font-weight: 700; margin-right: .15rem;
}
.months { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 1.5rem; }
.month { border-collapse: separate; border-spacing: 3px; table-layout: fixed; width: 100%; align-self: start; }
.month caption { text-align: left; font-weight: 600; padding: 0 3px .25rem; }
.month th { color: var(--muted); font-weight: 400; font-size: .8rem; }
.month abbr { text-decoration: none; }
.month td { height: 2.75rem; padding: 0; vertical-align: top; }
.day a {
  display: block; min-height: 100%; padding: .15rem; border-radius: .25rem; container-type: inline-size;
  color: inherit; text-decoration: none; font-size: .8rem; line-height: 1.15rem; overflow: hidden;
}
.day a:focus-visible, .day a:hover { outline: 2px solid var(--link); outline-offset: 1px; }
.mark { display: block; font-weight: 700; font-size: min(.75rem, 27cqi); white-space: nowrap; }
.day { border-radius: .25rem; }
.equal { background: var(--shade2); color: var(--on-shade); }
.shade0 { background: var(--shade0); color: var(--muted); }
.shade1 { background: var(--shade1); }
.shade3 { background: var(--shade3); }
.shade4 { background: var(--shade4); }
.different { background: var(--bad); color: var(--on-bad); }
.owed { background: var(--owed); color: var(--on-owed); }
.unchecked {
  background: repeating-linear-gradient(135deg, var(--page) 0 5px, var(--hatch) 5px 6px);
  box-shadow: inset 0 0 0 1px var(--muted); color: var(--text);
}
.scroll { overflow-x: auto; }
.days { border-collapse: collapse; width: 100%; max-width: 52rem; font-variant-numeric: tabular-nums; }
.days th, .days td { padding: .3rem .5rem; text-align: right; }
.days th:first-child { text-align: left; font-weight: 400; white-space: nowrap; }
.days thead th { color: var(--muted); font-weight: 400; border-bottom: 1px solid var(--muted); }
.days .of-day > * { border-top: 1px solid var(--line); }
.days tbody tr:target > * { background: var(--shade0); }
.days tfoot > tr > * { border-top: 1px solid var(--muted); font-weight: 700; }
.days tfoot th:first-child { font-weight: 700; }
.days .note td { text-align: left; color: var(--muted); font-size: .9rem; padding: 0 .5rem .5rem 2.15rem; }
.days .none { color: var(--muted); }
ol { padding-left: 2rem; }
li p { margin: .25rem 0; overflow-wrap: anywhere; }
pre {
  margin: .25rem 0 .75rem; padding: .5rem .75rem; background: var(--shade0); border-radius: .25rem; font-size: .85rem;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
.words { display: grid; grid-template-columns: 8.5rem 1fr; gap: .35rem .5rem; max-width: 48rem; }
@media (max-width: 34rem) {
  body { padding: 1rem .75rem 2rem; }
  .totals { grid-template-columns: repeat(2, 1fr); }
  .month { border-spacing: 2px; }
  .days { font-size: .8rem; }
  .days th, .days td { padding: .3rem .15rem; }
  .days .year { display: none; }
  .days thead th { font-size: .7rem; }
  .days .swatch { width: 1.1rem; height: 1.1rem; line-height: 1.1rem; font-size: .75rem; }
  .days .note td { padding: 0 .2rem .4rem 1.6rem; font-size: .8rem; }
  .facts div { grid-template-columns: 1fr; gap: 0; }
  .words { grid-template-columns: 1fr; gap: 0; }
  .words dd { margin-bottom: .5rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  .day, .swatch, pre { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .months { grid-template-columns: repeat(3, 1fr); gap: 1rem; }
  .month { border-spacing: 1px; }
  .month td { height: 2rem; }
  .day a { padding: .1rem; }
  .totals dd { font-size: min(1.05rem, 15cqi); }
  .scroll { overflow: visible; }
  .days th, .days td { padding: .1rem .4rem; }
  .month, .totals div, .days tr, li { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
}
"""
