/** Colours of light and dark in one declaration each; a page overrides --spex-pos, --spex-neg and --spex-font. */
export const TOKENS = `
  --positive: var(--spex-pos, light-dark(#d55e00, #ff9d4d));
  --negative: var(--spex-neg, light-dark(#0072b2, #5bb8f0));
  --positive-ink: light-dark(#a84a00, #ffb37a);
  --negative-ink: light-dark(#005f96, #84cbf6);
  --ink: light-dark(#16181d, #eceef4);
  --quiet: light-dark(#565d6d, #a7aebd);
  --rule: light-dark(#d8dce5, #3a3f4c);
  --hair: light-dark(#e7eaf0, #2b2f39);
  --card: light-dark(#ffffff, #1b1e26);
  --chip: light-dark(#f1f3f7, #282c36);
  --accent: light-dark(#4a3fd0, #aaa0ff);
  --amber: light-dark(#fff0cf, #3d2f10);
  --amber-ink: light-dark(#6b4600, #ffd48a);
  --amber-rule: light-dark(#eec76f, #7a5f20);
`;

/** Everything below stands inside `.spex`: the element's shadow tree, or the body of a report. */
export const STYLE = `
.spex { ${TOKENS}
  color: var(--ink); font: 400 0.9375rem/1.5 var(--spex-font, system-ui, -apple-system, 'Segoe UI', 'Open Sans', 'DejaVu Sans', sans-serif);
  display: grid; gap: 1rem; container-type: inline-size; font-variant-numeric: tabular-nums; text-align: start; }
.spex *, .spex *::before { box-sizing: border-box; }
.spex h2 { font-size: 1.0625rem; line-height: 1.35; font-weight: 650; margin: 0; }
.spex h3 { font-size: 0.875rem; font-weight: 650; margin: 1.1rem 0 0.4rem; }
.spex p { margin: 0; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 0.75rem; padding: 1.1rem 1.25rem 1.2rem; min-width: 0; }
.legend { color: var(--quiet); font-size: 0.8125rem; line-height: 1.55; }
.sign { display: inline-block; width: 0.62em; height: 0.62em; fill: currentColor; }
.toward, .pos .sign { color: var(--positive-ink); }
.away, .neg .sign { color: var(--negative-ink); }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.spex button { font: inherit; color: inherit; }
.spex :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button.quiet { background: none; border: 1px solid var(--rule); border-radius: 999px; padding: 0.05rem 0.7rem; cursor: pointer; color: var(--ink); font-size: 0.8125rem; }
button.quiet:hover { border-color: var(--accent); color: var(--accent); }

.summary { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.15rem 0.9rem; }
.spex .prediction { font-size: 1.375rem; font-weight: 700; letter-spacing: -0.01em; }
.probability { margin-inline-start: 0.55rem; }
.values { color: var(--quiet); }
.summary slot::slotted(*) { margin-inline-start: auto; }
.chips { display: flex; flex-wrap: wrap; gap: 0.4rem; list-style: none; margin: 0.65rem 0 0; padding: 0; font-size: 0.8125rem; }
.chip { border: 1px solid var(--rule); background: var(--chip); border-radius: 0.95rem; padding: 0.13rem 0.75rem; overflow-wrap: anywhere; }
.chip.amber, .chip.fair, .chip.poor { background: var(--amber); color: var(--amber-ink); border-color: var(--amber-rule); }
.chip.exact, .chip.good { font-weight: 550; }
.spex .warning { display: flex; gap: 0.6rem; align-items: baseline; margin-top: 0.75rem; padding: 0.55rem 0.8rem; border: 1px solid var(--amber-rule); border-radius: 0.5rem; background: var(--amber); color: var(--amber-ink); font-weight: 550; }
.warning .mark { flex: none; width: 1.2em; height: 1.2em; border-radius: 50%; background: var(--amber-ink); color: var(--amber); text-align: center; line-height: 1.2em; font-size: 0.8em; }

.words { margin: 1rem 0 0.5rem; font-size: 1.1875rem; line-height: 2.25; white-space: pre-wrap; overflow-wrap: anywhere; }
.spex .asked { margin: 1rem 0 0; color: var(--quiet); overflow-wrap: anywhere; }
.word { --tint: var(--positive); border-radius: 0.3rem; padding: 0.16em 0.24em 0.13em; margin-inline: -0.06em; box-decoration-break: clone; -webkit-box-decoration-break: clone;
  background: color-mix(in srgb, var(--tint) calc(var(--fill, 0) * 52%), transparent); border-bottom: var(--line, 0) solid var(--tint); transition: background-color 0.18s, opacity 0.18s; }
.word.neg { --tint: var(--negative); }
.word.unsure { border-bottom-style: dotted; }
.word[role] { cursor: pointer; }
.word[role]:hover, .word.lit { box-shadow: 0 0 0 2px var(--tint); }
.word sub { font-size: 0.62em; line-height: 0; }
.word .cut::after { content: '…'; }
.word .effect .sign { margin-inline-end: 0.12em; width: 0.72em; height: 0.72em; color: inherit; }
.word .effect::after { content: attr(data-size); }
.word .effect { font-size: 0.64em; font-weight: 550; vertical-align: 0.55em; line-height: 0; margin-inline-start: 0.22em; white-space: nowrap; }
.word.off { text-decoration: line-through; text-decoration-thickness: 2px; color: var(--quiet); background: repeating-linear-gradient(135deg, var(--chip) 0 4px, transparent 4px 8px); border-bottom-color: transparent; }
.stack { display: grid; }
.stack > * { grid-area: 1 / 1; }
.legend.covered { visibility: hidden; }
.detail { font-size: 0.875rem; font-weight: 550; overflow-wrap: anywhere; }
.stack .detail { height: 0; min-height: 100%; overflow: hidden; }
.lanes .detail { min-height: 2.625rem; }

.what-if { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; margin-top: 0.75rem; padding: 0.55rem 0.8rem; border-radius: 0.5rem; background: var(--chip); border: 1px solid var(--rule); }
.without { font-weight: 650; margin-inline-end: 0.3rem; }
.answer { display: inline-flex; gap: 0.45rem; align-items: baseline; padding: 0.1rem 0.65rem; border-radius: 0.4rem; background: var(--card); border: 1px solid var(--rule); }
.answer.predicted { border-style: dashed; border-color: var(--quiet); }
.answer.measured { border-color: var(--accent); }
.answer.whole { background: none; border-color: transparent; }
.answer .who, .answer .share { color: var(--quiet); font-size: 0.8125rem; }

.spex .lanes h2 { margin: 1.25rem 0 0.5rem; padding-top: 1rem; border-top: 1px solid var(--hair); }
.score { display: grid; grid-template-columns: max-content max-content; overflow-x: auto; overscroll-behavior-x: contain; padding: 2px 2px 0.5rem; margin-inline: -2px; }
.lane-labels { position: sticky; inset-inline-start: -2px; z-index: 1; background: linear-gradient(to right, var(--card) 92%, transparent); padding: 34px 0.9rem 0 2px; }
.lane { display: flex; align-items: center; gap: 0.4rem; width: 100%; height: 30px; padding: 0 0.5rem 0 0.25rem; border: 0; border-radius: 0.4rem; background: none; font-size: 0.8125rem !important; white-space: nowrap; text-align: start; }
button.lane { cursor: pointer; }
.lane .order { flex: none; width: 1.3rem; height: 1.3rem; border-radius: 50%; border: 1px solid var(--quiet); color: var(--quiet); text-align: center; line-height: 1.2rem; font-size: 0.75rem; }
.lane .sign { flex: none; width: 0.6rem; height: 0.6rem; }
.lane .number { font-weight: 650; }
.lane .error { color: var(--quiet); }
.lane.lit, button.lane:hover { background: var(--chip); }
.lane.selected .order { background: var(--accent); border-color: var(--accent); color: var(--card); font-weight: 700; }
.lines { display: block; font-family: inherit; }
.lane-line { transition: opacity 0.12s; }
.lines [data-key] { cursor: pointer; }
.some-lit .lane-line:not(.lit) { opacity: 0.18; }
.lane-line.lit .hit { fill: color-mix(in srgb, var(--chip) 70%, transparent); }
.column.lit .fill { stroke: var(--accent); stroke-width: 1.5; }
.spex .lanes .legend { margin-top: 0.35rem; }
[data-grade='poor'] .lane-line path { stroke: var(--quiet); }
[data-grade='poor'] .lane-line circle { fill: var(--quiet); }

.below { display: grid; gap: 1rem; grid-template-columns: minmax(0, 2.2fr) minmax(15.5rem, 1fr); align-items: start; }
.effects .bar { display: flex; align-items: center; justify-content: space-between; gap: 0.8rem; margin-bottom: 0.5rem; }
.effects table { width: 100%; border-collapse: collapse; font-size: 0.875rem; }
.effects :is(th, td) { text-align: start; padding: 0.36rem 0.5rem; border-top: 1px solid var(--hair); font-weight: 400; vertical-align: middle; }
.effects thead :is(th, td) { border-top: 0; color: var(--quiet); font-size: 0.8125rem; font-weight: 550; }
.effects tbody th { overflow-wrap: anywhere; }
.effects .order-column { width: 3.4rem; text-align: center; }
.effects .number-column { width: 1%; white-space: nowrap; text-align: end; }
.effects .number-column .sign { margin-inline-end: 0.4em; }
.effects .bar-column { width: 34%; }
.effects tbody tr:is(.lit, :hover) { background: var(--chip); }
.effects tr.selected th { box-shadow: inset 3px 0 var(--accent); }
.effects tr.unsure .number-column { color: var(--quiet); }
.pick { background: none; border: 0; padding: 0; margin: 0; cursor: pointer; text-align: start; }
.pick:hover { text-decoration: underline; text-underline-offset: 3px; }
.effect-bar { display: block; width: 100%; height: 18px; overflow: visible; }
.effect-bar .zero { stroke: var(--rule); stroke-width: 1; vector-effect: non-scaling-stroke; }
.effect-bar .extent { fill: var(--positive); }
.neg .effect-bar .extent { fill: var(--negative); }
.unsure .effect-bar .extent { opacity: 0.4; }
.effect-bar .whisker { stroke: var(--ink); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.spex .effects .legend { margin-top: 0.7rem; }

.curve { display: block; width: 100%; max-width: 26rem; height: auto; margin: 0.6rem 0 0.4rem; overflow: visible; font-size: 10px; font-family: inherit; }
.curve text { fill: var(--quiet); }
.curve .axis { stroke: var(--quiet); stroke-width: 1; }
.curve .grid { stroke: var(--hair); stroke-width: 1; }
.curve .band { fill: var(--accent); fill-opacity: 0.18; }
.curve .line { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
.curve .point { fill: var(--card); stroke: var(--accent); stroke-width: 1.8; }
.curve .stable { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 3 3; }
.methods { list-style: none; margin: 0 0 0.4rem; padding: 0; font-size: 0.8125rem; display: grid; gap: 0.2rem; }
.methods li { display: grid; grid-template-columns: minmax(0, 1fr) 3.2rem 2.6rem; gap: 0 0.5rem; align-items: center; }
.methods .name { overflow-wrap: anywhere; line-height: 1.3; }
.methods .number { text-align: end; }
.methods .short { grid-column: 1 / -1; color: var(--quiet); line-height: 1.3; }
.methods .used { font-weight: 650; }
.meter { height: 0.45rem; border-radius: 0.25rem; background: linear-gradient(to right, var(--quiet) calc(var(--share, 0) * 100%), var(--chip) 0); }
.used .meter { background: linear-gradient(to right, var(--accent) calc(var(--share, 0) * 100%), var(--chip) 0); }
.made { margin-top: 1rem; font-size: 0.8125rem; color: var(--quiet); }
.made summary { cursor: pointer; color: var(--ink); }
.made dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.15rem 0.8rem; margin: 0.5rem 0 0; }
.made dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; }

@container (max-width: 760px) { .below { grid-template-columns: minmax(0, 1fr); } }
@container (max-width: 520px) {
  .card { padding: 0.9rem 0.9rem 1rem; }
  .words { font-size: 1.125rem; }
  .summary slot::slotted(*) { margin-inline-start: 0; }
  .effects .order-column { width: 2.2rem; padding-inline: 0.1rem; }
  .effects .bar-column { width: 22%; }
  .effects :is(th, td) { padding-inline: 0.3rem; }
  .effects table { font-size: 0.8125rem; }
  .lane-labels { padding-inline-end: 0.4rem; }
}
@media (prefers-reduced-motion: reduce) { .spex * { transition: none !important; } }
@media (forced-colors: active) {
  .word { border-bottom: max(1px, var(--line)) solid CanvasText; forced-color-adjust: auto; }
  .word.off { border-bottom-style: dotted; }
  .word.lit, .lane.lit, .effects tr.lit th { outline: 2px solid Highlight; }
  .lane-line path { stroke: CanvasText; }
  .lane-line circle, .effect-bar .extent { fill: CanvasText; }
  .effect-bar .whisker, .curve .line { stroke: Highlight; }
  .meter { border: 1px solid CanvasText; background: linear-gradient(to right, CanvasText calc(var(--share, 0) * 100%), Canvas 0); forced-color-adjust: none; }
}
`;
