import type { Explanation, Interaction } from '../../index.ts';
import { columnsOf, padEnd, shorten, visible, wrap } from './columns.ts';
import { glossLines } from './gloss.ts';
import { membersLabel, playerLabels } from './labels.ts';
import { count, decimalsFor, percent, signed } from './numbers.ts';
import type { Style } from './style.ts';

/** Below these the report warns, as the page does. */
const FAIR_R2 = 0.7;
const POOR_R2 = 0.5;
/** Values below this share of the largest are rounding errors of an exact transform, not effects. */
const NEGLIGIBLE = 1e-6;
const MOST_ALONE = 6;
const MOST_TOGETHER = 10;
const BAR_COLUMNS = 24;

/** P(target) where the scalar determines it. */
function probability(scalar: string, value: number): string {
  if (scalar === 'log-odds') return ` (${percent(1 / (1 + Math.exp(-value)))})`;
  return scalar === 'log-prob' ? ` (${percent(Math.exp(value))})` : '';
}

function prediction(e: Explanation, style: Style): string[] {
  const decimals = decimalsFor(Math.max(Math.abs(e.values.full), Math.abs(e.values.empty)));
  const say = (value: number) => `${signed(value, decimals)}${probability(e.scalar, value)}`;
  const nothing = e.lens === 'text' ? 'with every word masked' : 'with no player present';
  const scalar = e.scalar === e.target ? '' : `${e.scalar} `;
  return [`${style.bold(visible(e.target))}  ${scalar}${say(e.values.full)}${style.dim(` · ${nothing} ${say(e.values.empty)}`)}`];
}

/** A bar of eighths: its length says the size, its glyph the sign. */
function bar(value: number, largest: number, columns: number): string {
  const eighths = Math.max(1, Math.round((Math.abs(value) / largest) * columns * 8));
  return '█'.repeat(eighths >> 3) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7];
}

interface Scale {
  readonly largest: number;
  readonly decimals: number;
  readonly names: number;
  readonly bars: number;
}

function effectLine(i: Interaction, label: string, scale: Scale, style: Style): string {
  const value = signed(i.value, scale.decimals).padStart(scale.decimals + 6);
  const error = i.se > 0 ? ` ± ${i.se.toFixed(scale.decimals)}` : '';
  const glyph = i.value < 0 ? '▼' : '▲';
  const drawn = `${glyph} ${bar(i.value, scale.largest, scale.bars)}`;
  return `  ${padEnd(shorten(label, scale.names), scale.names)} ${value}${error.padEnd(scale.decimals + 5)}  ${style.ink(i.value, drawn)}`;
}

const certain = ({ value, se }: Interaction) => Math.abs(value) >= 2 * se;

/** The largest effects in two groups, those of one player and those of several, on one scale. */
function effects(e: Explanation, labels: readonly string[], width: number, style: Style): string[] {
  const largest = e.interactions.reduce((most, i) => Math.max(most, Math.abs(i.value)), 0);
  const real = e.interactions.filter((i) => Math.abs(i.value) > NEGLIGIBLE * largest);
  const groups = [
    { title: 'Alone', all: real.filter((i) => i.members.length === 1), most: MOST_ALONE },
    { title: 'Together', all: real.filter((i) => i.members.length > 1), most: MOST_TOGETHER },
  ];
  const shown = groups.map(({ all, most }) => all.filter(certain).slice(0, most));
  const decimals = decimalsFor(largest);
  const numbers = 2 + 1 + decimals + 6 + decimals + 5 + 2 + 2;
  const longest = Math.max(0, ...shown.flat().map((i) => columnsOf(membersLabel(i.members, labels))));
  const names = Math.max(8, Math.min(longest, width - numbers - 8));
  const scale: Scale = { largest, decimals, names, bars: Math.min(BAR_COLUMNS, width - numbers - names) };
  return groups.flatMap(({ title, all }, g) => {
    if (all.length === 0 && (g === 0 || e.maxOrder === 1 || e.players.length === 1)) return [];
    const hidden = all.filter(certain).length - shown[g].length;
    const unsure = all.filter((i) => !certain(i)).length;
    const rest = [hidden > 0 && `${count(hidden)} smaller`, unsure > 0 && `${count(unsure)} within two standard errors of zero`];
    const more = rest.filter(Boolean).join(', ');
    return [
      '',
      style.bold(title),
      ...shown[g].map((i) => effectLine(i, membersLabel(i.members, labels), scale, style)),
      ...(shown[g].length === 0 ? ['  nothing by more than the error: more passes may help'] : []),
      ...(more ? wrap(`  not shown: ${more}`, width).map(style.dim) : []),
    ];
  });
}

function trust({ fit: f }: Explanation): string {
  if (f.heldOut === 0) return `Exact: all ${count(f.queries)} maskings were evaluated`;
  const interval = `95 % interval ${percent(f.r2Low).replace(' %', '')} to ${percent(f.r2High)}`;
  return `R² ${f.r2.toFixed(2).replace('-', '−')}: explains ${percent(Math.max(0, f.r2))} of the variation over ${count(f.heldOut)} masks it has not seen (${interval})`;
}

function warning({ fit: f, lens }: Explanation): string | null {
  if (f.heldOut === 0 || f.r2 >= FAIR_R2) return null;
  if (f.r2 >= POOR_R2) return '! R² is below 0.7: the large effects hold, but do not rely on small ones. More passes help (--budget).';
  const coarser = lens === 'text' ? ', or coarser units (--units sentence)' : '';
  return `! Poor fit: at this number of passes what was explained is not captured; do not rely on the effects. Use more passes (--budget)${coarser}.`;
}

function method({ fit: f, method: asked }: Explanation): string {
  const said = asked === f.chosen ? f.chosen : `${asked} took ${f.chosen}`;
  const candidates = f.candidates.map((c) => `${c.method} ${c.r2.toFixed(2).replace('-', '−')}`).join(', ');
  return `method ${said}${candidates ? ` (cross-validated R²: ${candidates})` : ''}`;
}

function device({ device: d, model }: Explanation): string[] {
  if (!d) return [];
  const software = d.software && d.backend === 'webgpu' ? ' (software: results right, speed meaningless)' : '';
  return [`${d.backend} · ${visible(d.adapter)}${software}`, ...(model ? [`model ${visible(model.id)}`] : [])];
}

function provenance(e: Explanation, width: number): string[] {
  const { fit: f, timing } = e;
  const rate = timing.masksPerSecond >= 10 ? count(timing.masksPerSecond) : timing.masksPerSecond.toFixed(1);
  const passes = `${count(f.queries)} of ${count(f.budget)} passes · ${rate} a second · seed ${e.seed}`;
  const averaged = e.index === 'Fourier' || e.index === 'Moebius' ? e.index : `${e.index}: averaged over maskings of the rest`;
  const how = `${averaged} · orders to ${e.maxOrder} · units ${visible(e.units)} · mask ${visible(e.mask)}`;
  return [passes, method(e), ...device(e), ...(e.lens === 'text' ? [how] : [averaged])].flatMap((line) => wrap(line, width));
}

/** An explanation as lines for a terminal of `width` columns: the answer, the text, the effects, how far to trust them, where it ran. */
export function reportLines(e: Explanation, width: number, style: Style): string[] {
  const labels = playerLabels(e);
  const warned = warning(e);
  return [
    ...prediction(e, style),
    ...(e.text === '' ? [] : ['', ...glossLines(e, labels, width, style)]),
    ...effects(e, labels, width, style),
    '',
    ...wrap(trust(e), width),
    ...(warned === null ? [] : wrap(warned, width).map(style.warn)),
    ...provenance(e, width).map(style.dim),
  ];
}
