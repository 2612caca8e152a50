# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a report looks: light and dark, on a desk, a phone and paper. Private to this collection."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --quiet: #555e68; --edge: #c9d0d8; --soft: #f3f5f7;
  --good: #0a5c2b; --good-soft: #dff3e4; --bad: #a01018; --bad-soft: #fde4e4; --warn: #6f4a00; --warn-soft: #fdf0d0;
  --plain-soft: #e8ecf0; --bar: #3f6ea8; --link: #0b57a4; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181c; --text: #e6e9ec; --quiet: #a9b2bb; --edge: #3d464f; --soft: #1d2329; --good: #8fe0a8;
    --good-soft: #123a20; --bad: #ffb3b0; --bad-soft: #4d1518; --warn: #f5d58a; --warn-soft: #45320a;
    --plain-soft: #2a323a; --bar: #6fa3e0; --link: #8ec2ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1, h2, h3 { line-height: 1.2; }
h1 { margin: .4rem 0; font-size: 1.9rem; }
h2 { margin: 2rem 0 .6rem; font-size: 1.3rem; border-bottom: 1px solid var(--edge); padding-bottom: .2rem; }
h3, caption { font-size: 1rem; font-weight: 600; margin: 1rem 0 .4rem; text-align: left; }
.banner { border: 2px solid var(--edge); border-left-width: .7rem; border-radius: .4rem; padding: .8rem 1.1rem 1rem; }
.banner.good { border-color: var(--good); }
.banner.bad { border-color: var(--bad); }
.banner.warn { border-color: var(--warn); }
.banner .state { margin: 0; font-size: 1.1rem; }
.banner .finding { margin: .3rem 0 .8rem; font-size: 1.25rem; }
.next { background: var(--soft); border-radius: .3rem; padding: .6rem .9rem; }
.next h2 { margin: 0 0 .3rem; border: 0; padding: 0; font-size: 1.1rem; }
.next p { margin: .3rem 0; font-size: 1.1rem; }
.badge { display: inline-block; border-radius: .25rem; padding: 0 .45em; font-weight: 700;
  background: var(--plain-soft); }
.badge.good { background: var(--good-soft); color: var(--good); }
.badge.bad { background: var(--bad-soft); color: var(--bad); }
.badge.warn { background: var(--warn-soft); color: var(--warn); }
details { margin: .8rem 0; }
.note { border-left: .3rem solid var(--warn); background: var(--warn-soft); padding: .4rem .8rem; margin: .8rem 0; }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .15rem 1rem; margin: .8rem 0 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
.scroll { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--edge); }
thead th { color: var(--quiet); font-weight: 600; }
tbody th { font-weight: inherit; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", Consolas, monospace; background: var(--soft); padding: 0 .2em;
  border-radius: .2em; }
bdi { white-space: pre-wrap; }
time span { white-space: nowrap; }
a { color: var(--link); }
summary { cursor: pointer; font-weight: 600; padding: .3rem 0; }
summary h2, summary h3 { display: inline; border: 0; margin: 0; }
.checks { list-style: none; padding: 0; }
.checks li { margin: .4rem 0; }
.legend { color: var(--quiet); margin: 0 0 .6rem; }
.picture { display: block; overflow: visible; margin: .6rem 0; }
.picture text { fill: var(--text); font-size: .9rem; }
.picture .scale { fill: var(--quiet); font-size: .8rem; }
.picture .track { fill: var(--soft); stroke: var(--edge); }
.picture .bar { fill: var(--bar); }
.picture .pause { fill: none; stroke: var(--quiet); stroke-dasharray: 5 4; }
.picture .mark circle { fill: var(--ground); stroke: var(--text); stroke-width: 2; }
.picture .mark text { font-size: 11px; font-weight: 700; }
.picture .failure circle, .picture .failed circle, .picture .escalation circle {
  stroke: var(--bad); fill: var(--bad-soft); }
.picture .failure text, .picture .failed text, .picture .escalation text { fill: var(--bad); }
.picture .recovery circle { stroke: var(--good); fill: var(--good-soft); }
.picture .recovery text { fill: var(--good); }
.picture .refusal circle, .picture .unfinished circle { stroke: var(--warn); fill: var(--warn-soft); }
.picture .refusal text, .picture .unfinished text { fill: var(--warn); }
.photos { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { flex: 1 1 9rem; max-width: 20rem; margin: 0; }
figure img { display: block; width: 100%; height: auto; max-height: 24rem; object-fit: contain; border: 1px solid var(--edge); }
figcaption { color: var(--quiet); margin-top: .2rem; }
@media (max-width: 40rem) {
  body { padding: .6rem; }
  h1 { font-size: 1.5rem; }
  .banner { padding: .6rem .7rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .35rem; }
  table, caption, tbody, tr, th, td { display: block; }
  thead { position: absolute; clip-path: inset(50%); }
  tbody tr { border-bottom: 1px solid var(--edge); padding: .4rem 0; }
  tbody th { font-weight: 600; }
  tbody th, td { border: 0; padding: .1rem 0; }
  td[data-name]::before { content: attr(data-name) ": "; color: var(--quiet); }
  .told tbody th, .told td:nth-of-type(1) { display: inline; margin-right: .6rem; }
}
@media print {
  :root { color-scheme: light; --ground: #fff; --text: #000; --quiet: #444; --edge: #888; --soft: #f4f4f4;
    --good: #0a5c2b; --good-soft: #fff; --bad: #a01018; --bad-soft: #fff; --warn: #6f4a00; --warn-soft: #fff;
    --plain-soft: #fff; --bar: #3f6ea8; --link: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .scroll { overflow: visible; }
  .badge { border: 1px solid currentcolor; }
  h2, h3, caption, summary { break-after: avoid; }
  tr, .banner, .picture, figure, .photos { break-inside: avoid; }
  details:not(.whole)::details-content { content-visibility: visible; block-size: auto; }
  * { print-color-adjust: exact; }
}
"""
