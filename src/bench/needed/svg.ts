import type { Row } from '../harness.ts';

/** Panels in this order, where they have rows. */
const PANELS = [
  'minilm',
  'smollm2-locked',
  'smollm2',
  'smollm2-sentences',
  'distilbert',
  'unanimity',
  'and-or',
  'sparse',
  'parity',
] as const;
const SIZE = { panel: 330, height: 250, left: 60, top: 46, columns: 2, legend: 26 } as const;
const LEGEND_COLUMNS = 3;
const INK = { text: '#16181d', quiet: '#565d6d', line: '#dfe3ea' } as const;

/** Colours that the colour-blind can tell apart (Okabe and Ito), with a dash each. */
const STYLES: readonly (readonly [RegExp, string, string, string])[] = [
  [/-auto$/, 'webspex auto', '#d55e00', ''],
  [/-pursuit$/, 'webspex pursuit', '#cc79a7', '5 3'],
  [/-proxyspex$/, 'webspex proxyspex', '#009e73', ''],
  [/-proxyspex-faithful$/, 'webspex proxyspex, faithful', '#009e73', '5 3'],
  [/-shapiq-proxyspex$/, 'shapiq ProxySPEX', '#0072b2', ''],
  [/-spectralexplain-proxyspex$/, 'spectralexplain ProxySPEX', '#56b4e9', '5 3'],
  [/-spex-lasso-refit$/, 'SPEX, LASSO refit', '#16181d', '2 3'],
  [/-linear$/, 'linear', '#8a8f9c', '2 3'],
];

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly dash: string;
  readonly points: readonly (readonly [number, number])[];
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function lineOf({ id, details }: Row, family: string): Line | null {
  const suffix = id.slice(`needed-${family}`.length);
  const style = STYLES.find(([pattern]) => pattern.test(suffix) && suffix.replace(pattern, '') === '');
  if (!style) return null;
  const points = Object.entries(details).flatMap(([name, r2]) => {
    const passes = /^r2At(\d+)$/.exec(name);
    return passes && typeof r2 === 'number' ? [[Number(passes[1]), r2] as const] : [];
  });
  return points.length > 0 ? { label: style[1], colour: style[2], dash: style[3], points } : null;
}

/** Median R² on fresh masks against passes, a panel for each family of functions; rows of other benchmarks are left out. */
export function curvesSvg(rows: readonly Row[]): string {
  const panels = PANELS.flatMap((family) => {
    const longer = PANELS.filter((other) => other.startsWith(`${family}-`));
    const own = rows.filter(({ id }) => id.startsWith(`needed-${family}-`) && !longer.some((other) => id.startsWith(`needed-${other}-`)));
    const lines = own.flatMap((row) => lineOf(row, family) ?? []);
    return lines.length > 0 ? [{ title: own[0].title.replace(/: [^:]*$/, ''), lines }] : [];
  });
  const down = Math.ceil(panels.length / SIZE.columns);
  const width = SIZE.columns * (SIZE.panel + SIZE.left) + 24;
  const labels = STYLES.filter(([, label]) => panels.some(({ lines }) => lines.some((l) => l.label === label)));
  const legendRows = Math.ceil(labels.length / LEGEND_COLUMNS);
  const height = down * (SIZE.height + SIZE.top + 34) + legendRows * SIZE.legend + 24;
  const drawn = panels.map((panel, i) => {
    const x = SIZE.left + (i % SIZE.columns) * (SIZE.panel + SIZE.left);
    const y = SIZE.top + Math.floor(i / SIZE.columns) * (SIZE.height + SIZE.top + 34);
    return `<g transform="translate(${x} ${y})">${drawPanel(panel)}</g>`;
  });
  const legend = labels.map(([, label, colour, dash], i) => {
    const x = SIZE.left + (i % LEGEND_COLUMNS) * 250;
    const y = height - legendRows * SIZE.legend + Math.floor(i / LEGEND_COLUMNS) * SIZE.legend;
    return `<path d="M${x} ${y - 4}h24" stroke="${colour}" stroke-width="2.5" fill="none"${dash && ` stroke-dasharray="${dash}"`}/><text x="${x + 30}" y="${y}" fill="${INK.text}">${escaped(label)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="12">`,
    `<title>R² on masks that no fit has seen, against masked passes</title><rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...drawn,
    ...legend,
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ title, lines }: { title: string; lines: readonly Line[] }): string {
  const passes = lines.flatMap(({ points }) => points.map(([n]) => n));
  const least = Math.log(Math.min(...passes));
  const most = Math.log(Math.max(...passes));
  const low = Math.max(0, Math.floor(10 * Math.min(...lines.flatMap(({ points }) => points.map(([, r2]) => r2)))) / 10);
  const x = (n: number) => (SIZE.panel * (Math.log(n) - least)) / Math.max(most - least, 1e-9);
  const y = (r2: number) => SIZE.height * (1 - (Math.max(r2, low) - low) / (1 - low));
  const step = 1 - low > 0.5 ? 0.2 : 0.1;
  const rules = Array.from({ length: Math.round((1 - low) / step) + 1 }, (_, i) => 1 - i * step).filter((r2) => r2 >= low - 1e-9);
  const ticks = [125, 250, 500, 1000, 2000, 4000, 8000].filter((n) => Math.log(n) >= least - 1e-9 && Math.log(n) <= most + 1e-9);
  return [
    `<text y="-16" font-weight="600" fill="${INK.text}">${escaped(title)}</text>`,
    ...rules.map(
      (r2) =>
        `<line x2="${SIZE.panel}" y1="${y(r2).toFixed(1)}" y2="${y(r2).toFixed(1)}" stroke="${INK.line}"/><text x="-8" y="${(y(r2) + 4).toFixed(1)}" text-anchor="end" fill="${INK.quiet}">${r2.toFixed(1)}</text>`,
    ),
    ...ticks.map(
      (n) =>
        `<text x="${x(n).toFixed(1)}" y="${SIZE.height + 18}" text-anchor="middle" fill="${INK.quiet}">${n.toLocaleString('en')}</text>`,
    ),
    ...lines.map(
      ({ points, colour, dash }) =>
        `<path d="${points.map(([n, r2], i) => `${i === 0 ? 'M' : 'L'}${x(n).toFixed(1)} ${y(r2).toFixed(1)}`).join('')}" stroke="${colour}" stroke-width="2.2" fill="none"${dash && ` stroke-dasharray="${dash}"`}/>${points.map(([n, r2]) => `<circle cx="${x(n).toFixed(1)}" cy="${y(r2).toFixed(1)}" r="2.4" fill="${colour}"/>`).join('')}`,
    ),
  ].join('');
}
