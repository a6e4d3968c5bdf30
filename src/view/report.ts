import type { Explanation, Interaction } from '../explain/document.ts';
import { labels, layOut, mainEffects, orderNumeral, textRuns, topInteractions, uncertain } from './marks.ts';
import { deviceLine, fitSentence, glyph, passes, prediction, signed, size, warning, words } from './strings.ts';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as text in HTML, SVG and attributes; control characters that XML forbids are dropped. */
function escapeText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replace(/[&<>"']/g, (c) => ESCAPES[c]);
}

/** JSON that cannot end a script element or a line of JavaScript. */
function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const SHADES = { plus: '#d55e00', minus: '#0072b2' } as const;
const sign = (value: number): 'plus' | 'minus' => (value < 0 ? 'minus' : 'plus');
const largestOf = (e: Explanation): number => Math.max(1e-9, ...e.interactions.slice(0, 1).map((i) => Math.abs(i.value)));

/** The lanes of the largest interactions as a standalone SVG picture, fonts as text, readable on light and dark grounds. */
export function toSvg(e: Explanation, most = 10): string {
  const shown = topInteractions(e, most);
  const { width, height, columns, lanes } = layOut(e, shown, largestOf(e));
  const gutter = 130;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.ceil(width + gutter)}" height="${height}" viewBox="0 0 ${Math.ceil(width + gutter)} ${height}" font-family="system-ui, sans-serif" font-size="12.5">`,
    `<title>${escapeText(`Interactions behind “${e.target}”: ${fitSentence(e.fit)}`)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
  ];
  for (const { player, label, x, width: w } of columns) {
    if (player !== null) parts.push(`<rect x="${x + gutter}" y="2" width="${w}" height="22" rx="5" fill="#f4f5f8" stroke="#d9dde6"/>`);
    parts.push(`<text x="${x + gutter + w / 2}" y="17.5" text-anchor="middle" fill="${player === null ? '#5a6070' : '#14161a'}">${escapeText(label)}</text>`);
  }
  for (const { interaction, order, path, stroke, dashed, xs, y } of lanes) {
    const colour = SHADES[sign(interaction.value)];
    parts.push(`<text x="4" y="${y + 20}" fill="#5a6070">${orderNumeral(order)} ${signed(interaction.value)} ±${size(interaction.se)}</text>`);
    parts.push(`<g transform="translate(${gutter} 0)"><path d="${path}" fill="none" stroke="${colour}" stroke-width="${stroke.toFixed(1)}" stroke-linecap="round"${dashed ? ' stroke-dasharray="2 4"' : ''}/>`);
    if (order > 2) for (const x of xs) parts.push(`<circle cx="${x}" cy="${y + 21}" r="3.2" fill="${colour}"/>`);
    parts.push('</g>');
  }
  return `${parts.join('\n')}\n</svg>\n`;
}

/** One row an interaction: words, order, value, se, members. Cells that a spreadsheet would run as formulas begin with an apostrophe. */
export function toCsv(e: Explanation): string {
  const names = labels(e);
  const cell = (value: string | number): string => {
    if (typeof value === 'number') return String(value);
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = e.interactions.map((i) => [i.members.map((m) => names[m]).join(' × '), i.members.length, i.value, i.se, i.members.join(' ')]);
  return [['interaction', 'order', 'value', 'se', 'members'], ...rows].map((r) => r.map(cell).join(',')).join('\r\n') + '\r\n';
}

function textHtml(e: Explanation): string {
  const effects = mainEffects(e);
  const largest = largestOf(e);
  return textRuns(e)
    .map(({ text, player }) => {
      if (player === null) return escapeText(text);
      const effect = effects[player];
      const share = Math.min(1, Math.abs(effect.value) / largest);
      const note = share >= 0.04 ? `<sup>${glyph(effect.value)}${size(Math.abs(effect.value))}</sup>` : '';
      return `<span class="w ${sign(effect.value)} s${Math.round(share * 10)}${uncertain(effect) ? ' faint' : ''}">${escapeText(text)}${note}</span>`;
    })
    .join('');
}

function rowHtml(i: Interaction, names: readonly string[]): string {
  return `<tr><td>${escapeText(i.members.map((m) => names[m]).join(' × '))}</td><td>${i.members.length}</td><td class="${sign(i.value)}-ink">${glyph(i.value)} ${signed(i.value)} ± ${size(i.se)}</td></tr>`;
}

const STEPS = Array.from({ length: 11 }, (_, s) => `.s${s}{--a:${s * 4.6}%;border-bottom-width:${(s * 0.4).toFixed(1)}px}`).join('');

const STYLE = `:root{color-scheme:light dark;--pos:#d55e00;--neg:#0072b2}@media(prefers-color-scheme:dark){:root{--pos:#ff9a4d;--neg:#5cb8f2}}
body{font:16px/1.6 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}.text{font-size:1.15rem;line-height:2.2;white-space:pre-wrap;overflow-wrap:anywhere}
.w{border-radius:4px;padding:2px 4px;border-bottom:0 solid var(--c);background:color-mix(in srgb,var(--c) var(--a,0%),transparent)}.plus{--c:var(--pos)}.minus{--c:var(--neg)}.faint{border-bottom-style:dashed}
sup{font-size:.62em}.plus-ink{color:var(--pos)}.minus-ink{color:var(--neg)}.pic{overflow-x:auto}.pic svg{border-radius:8px}table{border-collapse:collapse}td,th{text-align:left;padding:.3rem .9rem .3rem 0;border-top:1px solid #8884;font-variant-numeric:tabular-nums}
.note{border-left:4px solid var(--pos);padding-left:.8rem}small{opacity:.75}${STEPS}`;

/**
 * A standalone page of an explanation, without scripts: opens from a file, needs no network, light and dark. The document itself lies inside
 * as JSON (`<script type="application/json" id="explanation">`), so the page can be read back.
 */
export function toHtml(e: Explanation): string {
  const names = labels(e);
  const warn = warning(e.fit);
  const model = e.model ? `${e.model.id} (${e.model.sha256.slice(0, 12)})` : 'a function';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeText(`Why “${e.target}”? – webspex`)}</title><style>${STYLE}</style></head><body>
<h1>Why did the model say “${escapeText(e.target)}”?</h1>
<p><strong>${escapeText(prediction(e))}</strong> · ${escapeText(fitSentence(e.fit))} · ${escapeText(passes(e))}</p>
${warn ? `<p class="note">${escapeText(warn)}</p>` : ''}
<p class="text" dir="auto">${textHtml(e)}</p>
<p><small>${escapeText(words.legend)} <span class="plus-ink">${escapeText(words.toward(e.target))}</span>, <span class="minus-ink">${escapeText(words.away)}</span>. ${escapeText(words.faint)}</small></p>
<div class="pic">${toSvg(e)}</div>
<h2>${words.interactions} (${escapeText(e.index)}, ${escapeText(e.scalar)})</h2>
<table><thead><tr><th>${words.words}</th><th>${words.order}</th><th>${words.effect}</th></tr></thead><tbody>
${e.interactions.filter((i) => i.value !== 0).slice(0, 40).map((i) => rowHtml(i, names)).join('\n')}
</tbody></table>
<p><small>Model ${escapeText(model)} · masking ${escapeText(e.mask)} · method ${escapeText(e.fit.chosen)} · seed ${e.seed} · ${escapeText(deviceLine(e))} · webspex ${escapeText(e.software.version)}</small></p>
<script type="application/json" id="explanation">${embeddedJson(e)}</script>
</body></html>
`;
}
