import type { Explanation } from '../explain/document.ts';
import { keyOf, readableLabels } from './choose.ts';
import { explanationMark } from './draw/page.ts';
import { layoutOf, type Palette, scoreLines } from './draw/score.ts';
import { trianglePath } from './draw/sign.ts';
import { fitSentence } from './draw/summary.ts';
import { withError } from './draw/text.ts';
import { signed, visible } from './format.ts';
import { type Mark, mark, SVG_NAMESPACE } from './mark.ts';
import type { Look, Score } from './marks.ts';
import { escapeJson, escapeMarkup, toMarkup } from './markup.ts';
import { type Scene, sceneOf, UNTOUCHED } from './scene.ts';
import { STYLE } from './style.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const PAGE_STYLE = `:root { color-scheme: light dark; background: light-dark(#f6f7f9, #121318); }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 3rem; }
.spex h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; letter-spacing: -0.015em; }
@media print { :root { color-scheme: light; } }`;

/**
 * A standalone page of an explanation: one file, no script, no request, light and dark. The document itself lies in it as JSON
 * (`<script type="application/json" id="explanation">`), so that the page can be read back. `looks` draws the convergence curve.
 */
export function toHtml(e: Explanation, looks: readonly Look[] = []): string {
  const scene = sceneOf(e, { ...UNTOUCHED, looks });
  const title = scene.said.title(visible(e.target));
  const page = explanationMark(scene);
  const body: Mark = { ...page, children: [mark('h1', {}, title), ...page.children] };
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(POLICY)}">
<title>${escapeMarkup(title)}</title><style>${PAGE_STYLE}${STYLE}</style></head>
<body><main>${toMarkup(body)}</main>
<script type="application/json" id="explanation">${escapeJson(e)}</script>
</body></html>
`;
}

/** Light colours, resolved; the ground is drawn, so that the picture reads on any page. */
const PRINT: Palette = { positive: '#d55e00', negative: '#0072b2', ink: '#16181d', quiet: '#565d6d', rule: '#c3c9d5', chip: '#f1f3f7' };
const LABELS = 132;
const FOOT = 22;

/** The lanes as one SVG picture with a white ground: text as text, colours resolved, no style sheet. */
export function toSvg(e: Explanation): string {
  const scene = sceneOf(e, UNTOUCHED);
  const layout = layoutOf(scene);
  const sentence = `${visible(e.target)} ${signed(e.values.full)} · ${e.index} · ${fitSentence(scene)}`;
  const width = Math.ceil(Math.max(LABELS + layout.width, 12 + 6.3 * sentence.length));
  const height = layout.height + FOOT + (scene.lanes.length === 0 ? 24 : 0);
  const words = e.text === '' ? '' : `: ${visible(e.text)}`;
  const picture = mark(
    'svg',
    {
      xmlns: SVG_NAMESPACE,
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      'font-family': "system-ui, -apple-system, 'Segoe UI', 'Open Sans', 'DejaVu Sans', sans-serif",
    },
    mark('title', {}, `${scene.said.title(visible(e.target))}${words}`),
    mark('rect', { x: 0, y: 0, width, height, fill: '#ffffff' }),
    ...layout.lanes.flatMap((lane) => laneText(scene, lane)),
    mark('g', { transform: `translate(${LABELS} 0)` }, ...scoreLines(scene, layout, PRINT)),
    scene.lanes.length === 0 && mark('text', { x: 8, y: 24, 'font-size': 13, fill: PRINT.quiet }, scene.said.none),
    mark('text', { x: 8, y: height - 7, 'font-size': 11, fill: PRINT.quiet }, sentence),
  );
  return `${toMarkup(picture)}\n`;
}

function laneText(scene: Scene, { interaction: { members, value, se }, y }: Score['lanes'][number]): Mark[] {
  const base = y + 19;
  return [
    mark('circle', { cx: 16, cy: y + 15, r: 9, fill: 'none', stroke: PRINT.quiet }),
    mark('text', { x: 16, y: base, 'text-anchor': 'middle', 'font-size': 11, fill: PRINT.quiet }, String(members.length)),
    mark('path', { d: trianglePath(value), transform: `translate(31 ${y + 11})`, fill: value < 0 ? PRINT.negative : PRINT.positive }),
    mark('text', { x: 43, y: base, 'font-size': 12, fill: PRINT.ink }, `${signed(value)}${withError(scene, se)}`),
  ];
}

/** A text cell: an apostrophe before what a spreadsheet would run as a formula, quoted where the format needs it. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A head's `3.10`, or a patch's, would be read as the number 3.1. */
function spelled(label: string, { lens }: Pick<Explanation, 'lens'>): string {
  return /^\d+\.\d+$/.test(label) ? `${lens === 'patches' ? 'patch' : 'head'} ${label}` : label;
}

/** All interactions, one row each, RFC 4180: words (or other players), members (player numbers), order, value, standard error. */
export function toCsv(e: Explanation): string {
  const labels = e.lens === 'text' ? readableLabels(e) : readableLabels(e).map((label) => spelled(label, e));
  const rows = e.interactions.map(({ members, value, se }) =>
    [cell(members.map((m) => labels[m]).join(' × ')), cell(keyOf(members)), members.length, value, se].join(','),
  );
  return `${[`${e.lens === 'text' ? 'words' : 'players'},members,order,value,se`, ...rows].join('\r\n')}\r\n`;
}
