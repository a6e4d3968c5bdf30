/** Styles of the element; the page's own variables --spex-pos, --spex-neg and --spex-font win. */
export const css = `
:host {
  --pos: var(--spex-pos, #d55e00); --neg: var(--spex-neg, #0072b2);
  --ink: #14161a; --soft: #5a6070; --line: #d9dde6; --card: #f7f8fb; --paper: #ffffff; --accent: #4a3fcf; --amber: #8a5a00; --amber-fill: #fff2d6;
  display: grid; gap: 16px; color: var(--ink); font: 15px/1.5 var(--spex-font, system-ui, sans-serif); grid-template-columns: minmax(0, 1fr);
}
@media (prefers-color-scheme: dark) {
  :host {
    --pos: var(--spex-pos, #ff9a4d); --neg: var(--spex-neg, #5cb8f2);
    --ink: #eceef3; --soft: #a4abbb; --line: #343a47; --card: #1c2029; --paper: #14171d; --accent: #a9a1ff; --amber: #ffcf7a; --amber-fill: #3a2c0c;
  }
}
* { box-sizing: border-box; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; min-width: 0; }
.row { display: flex; flex-wrap: wrap; gap: 8px 10px; align-items: center; }
.said { font-weight: 650; font-size: 16px; }
.chip { border: 1px solid var(--line); border-radius: 999px; padding: 1px 12px; font-size: 13px; color: var(--soft); background: var(--paper); }
.chip.amber { color: var(--amber); background: var(--amber-fill); border-color: transparent; }
.warning { margin: 10px 0 0; padding: 8px 12px; border-left: 4px solid var(--pos); background: var(--paper); border-radius: 4px; }
.text { margin: 12px 0 4px; font-size: 17px; line-height: 2.15; white-space: pre-wrap; overflow-wrap: anywhere; }
.word { all: unset; cursor: pointer; border-radius: 5px; padding: 3px 4px; margin: 0 -1px; border-bottom: calc(var(--size, 0) * 4px) solid var(--sign, transparent);
  background: color-mix(in srgb, var(--sign, transparent) calc(var(--size, 0) * 46%), transparent); }
.word sup { font-size: 10.5px; color: var(--ink); opacity: .82; margin-left: 1px; line-height: 0; font-variant-numeric: tabular-nums; }
.word.plus { --sign: var(--pos); } .word.minus { --sign: var(--neg); }
.word.faint { border-bottom-style: dashed; }
.word[aria-pressed="false"] { text-decoration: line-through; opacity: .5; background: none; border-bottom-color: transparent; }
.word:focus-visible, button:focus-visible, tr:focus-visible, .score:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.word.lit, tr.lit { box-shadow: 0 0 0 2px var(--accent); }
tr.lit { background: color-mix(in srgb, var(--accent) 9%, transparent); }
.small { font-size: 13px; color: var(--soft); margin: 4px 0; }
.plus-ink { color: var(--pos); font-weight: 600; } .minus-ink { color: var(--neg); font-weight: 600; }
.off { margin: 8px 0 0; font-variant-numeric: tabular-nums; }
.lanes { display: flex; margin-top: 8px; }
.gutter { flex: none; padding-top: 30px; width: 118px; font-size: 12px; color: var(--soft); font-variant-numeric: tabular-nums; }
.gutter div { height: 30px; line-height: 30px; white-space: nowrap; }
.score { overflow-x: auto; flex: 1; min-width: 0; }
svg { display: block; } svg text { font: 12.5px system-ui, sans-serif; fill: var(--ink); } svg .fold { fill: var(--soft); }
svg .chipbox { fill: var(--paper); stroke: var(--line); } svg .guide { stroke: var(--line); stroke-dasharray: 1 4; }
svg .plus { stroke: var(--pos); } svg .minus { stroke: var(--neg); } svg .dot.plus { fill: var(--pos); } svg .dot.minus { fill: var(--neg); }
svg .mark { fill: none; stroke-linecap: round; } svg .dim { opacity: .25; } .poor svg .mark { stroke: var(--soft); } .poor svg .dot { fill: var(--soft); stroke: none; }
.below { display: grid; gap: 16px; grid-template-columns: minmax(0, 2.4fr) minmax(0, 1fr); }
h2 { font-size: 15.5px; margin: 0; } .head { display: flex; justify-content: space-between; align-items: center; gap: 10px; margin-bottom: 6px; }
button.plain { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 7px; padding: 5px 12px; cursor: pointer; }
button.plain:disabled { opacity: .5; cursor: default; }
.tablewrap { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; font-weight: 600; padding: 5px 6px; } td { padding: 6px; border-top: 1px solid var(--line); font-variant-numeric: tabular-nums; }
td.value { text-align: right; white-space: nowrap; } td.bar { width: 34%; min-width: 110px; } tbody tr { cursor: pointer; }
.curve .area { fill: color-mix(in srgb, var(--accent) 20%, transparent); } .curve .line { fill: none; stroke: var(--accent); stroke-width: 2.5; } .curve .dot { fill: var(--accent); }
.curve .axis { stroke: var(--line); } .curve text { fill: var(--soft); font-size: 11px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 760px) { .below { grid-template-columns: minmax(0, 1fr); } .text { font-size: 16px; } .gutter { width: 108px; } .card { padding: 12px; } }
@media (forced-colors: active) { .word { border-bottom-color: currentColor; } svg .mark { stroke: CanvasText; } }
@media (prefers-reduced-motion: no-preference) { .word { transition: background .15s, border-color .15s; } }
`;
