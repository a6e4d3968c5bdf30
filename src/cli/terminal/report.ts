import { type Explanation, type Interaction, methodIndex } from '../../index.ts';
import { columnsOf, padEnd, shorten, visible, wrap } from './columns.ts';
import { glossLines } from './gloss.ts';
import { isOfModel, membersLabel, playerLabels } from './labels.ts';
import { mapLines } from './map.ts';
import { count, decimalsFor, percent, signed } from './numbers.ts';
import type { Style } from './style.ts';

/** Below these the report warns, as the page does. */
const FAIR_R2 = 0.7;
const POOR_R2 = 0.5;
/** All but rounding. */
const EXACT_R2 = 1 - 1e-9;
/** Values below this share of the largest are rounding errors of an exact transform, not effects. */
const NEGLIGIBLE = 1e-6;
const MOST_ALONE = 6;
const MOST_TOGETHER = 10;
/** Uncertain effects are shown only to fill up to this many, and drawn faintly. */
const LEAST_SHOWN = 3;
const UNSURE = '░';
const BAR_COLUMNS = 24;
const LEAST_BAR = 8;

/** P(target) where the scalar determines it. */
function probability(scalar: string, value: number): string {
  if (scalar === 'log-odds' || scalar === 'margin') return ` (${percent(1 / (1 + Math.exp(-value)))})`;
  return scalar === 'log-prob' ? ` (${percent(Math.exp(value))})` : '';
}

/** The end where nothing is present. */
const NOTHING: Readonly<Record<string, string>> = {
  text: 'with every word masked',
  data: 'with no example',
  columns: 'with every column at its baseline',
  patches: 'with every patch masked',
  windows: 'with every window masked',
  function: 'with no player present',
};

function prediction(e: Explanation, style: Style): string[] {
  const decimals = decimalsFor(Math.max(Math.abs(e.values.full), Math.abs(e.values.empty)));
  const say = (value: number) => `${signed(value, decimals)}${probability(e.scalar, value)}`;
  const nothing = isOfModel(e) ? `with all ${e.lens} off` : NOTHING[e.lens];
  const scalar = e.scalar === e.target ? '' : `${e.scalar} `;
  return [`${style.bold(visible(e.target))}  ${scalar}${say(e.values.full)}${style.dim(` · ${nothing} ${say(e.values.empty)}`)}`];
}

/** A bar of eighths: its length says the size, its glyph the sign. */
function bar(value: number, largest: number, columns: number): string {
  const eighths = Math.max(1, Math.round((Math.abs(value) / largest) * columns * 8));
  return '█'.repeat(eighths >> 3) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7];
}

const certain = ({ value, se }: Interaction) => Math.abs(value) >= 2 * se;

/** One effect in columns that all shown effects share. */
interface Row {
  readonly name: string;
  readonly value: string;
  readonly error: string;
  readonly interaction: Interaction;
}

interface Group {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly rest: string;
}

/** The largest effects in two groups: those of one player, and those of several. */
function groupsOf(e: Explanation, labels: readonly string[], largest: number): Group[] {
  const decimals = decimalsFor(largest);
  const real = e.interactions.filter((i) => Math.abs(i.value) > NEGLIGIBLE * largest);
  const group = (title: string, all: readonly Interaction[], most: number): Group => {
    const sure = all.filter(certain);
    const shown = new Set([...sure.slice(0, most), ...all.filter((i) => !certain(i)).slice(0, Math.max(0, LEAST_SHOWN - sure.length))]);
    const rows = all
      .filter((i) => shown.has(i))
      .map((i) => ({
        name: membersLabel(i.members, labels),
        value: signed(i.value, decimals),
        error: i.se > 0 ? ` ± ${i.se.toFixed(decimals)}` : '',
        interaction: i,
      }));
    const unsure = all.length - sure.length;
    const rest = [
      sure.length > most && `${count(sure.length - most)} smaller not shown`,
      unsure > 0 && `${count(unsure)}${shown.size > sure.length ? ` (${UNSURE})` : ''} within two standard errors of zero may be nothing`,
    ];
    return { title, rows, rest: rest.filter(Boolean).join(', ') };
  };
  const alone = real.filter((i) => i.members.length === 1);
  const together = real.filter((i) => i.members.length > 1);
  const pairsPossible = e.maxOrder > 1 && e.players.length > 1 && !['SV', 'BV'].includes(e.index);
  return [
    ...(alone.length > 0 ? [group('Alone', alone, MOST_ALONE)] : []),
    ...(together.length > 0 || pairsPossible ? [group('Together', together, MOST_TOGETHER)] : []),
  ];
}

function effects(e: Explanation, labels: readonly string[], width: number, style: Style): string[] {
  const largest = e.interactions.reduce((most, i) => Math.max(most, Math.abs(i.value)), 0);
  const groups = groupsOf(e, labels, largest);
  const rows = groups.flatMap((g) => g.rows);
  const widest = (of: (row: Row) => string) => Math.max(0, ...rows.map((row) => columnsOf(of(row))));
  const [values, errors] = [widest((r) => r.value), widest((r) => r.error)];
  const room = width - values - errors - 8;
  const names = Math.min(
    widest((r) => r.name),
    room - LEAST_BAR,
  );
  const bars = Math.min(BAR_COLUMNS, room - names);
  const line = ({ name, value, error, interaction: i }: Row) => {
    const length = certain(i) ? bar(i.value, largest, bars) : UNSURE.repeat(Math.max(1, Math.round((Math.abs(i.value) / largest) * bars)));
    const number = value.padStart(values) + error.padEnd(errors);
    return `  ${padEnd(shorten(name, names), names)}  ${number}  ${style.ink(i.value, `${i.value < 0 ? '▼' : '▲'} ${length}`)}`;
  };
  return groups.flatMap(({ title, rows: shown, rest }) => [
    '',
    style.bold(title),
    ...shown.map(line),
    ...(shown.length === 0 ? ['  nothing'] : []),
    ...(rest ? wrap(rest, width - 2).map((text) => style.dim(`  ${text}`)) : []),
  ]);
}

function intervalOf({ r2Low, r2High }: Pick<Explanation['fit'], 'r2Low' | 'r2High'>): string {
  return `95 % interval ${r2Low < 0 ? 'below 0' : percent(r2Low).replace(' %', '')} to ${percent(r2High)}`;
}

function trust({ fit: f }: Explanation): string {
  if (f.heldOut === 0) return trustAll(f);
  const unseen = `of the variation over ${f.folds ? '' : `${count(f.heldOut)} `}masks it has not seen`;
  const by = f.folds ? `, estimated by cross-validation on the same ${count(f.queries)} passes` : '';
  if (f.r2 < 0) return `Explains nothing ${unseen} (R² −${(-f.r2).toFixed(2)})${by}`;
  return `R² ${f.r2.toFixed(2)}: explains ${percent(f.r2)} ${unseen} (${intervalOf(f)})${by}`;
}

/** Nothing was held out: every mask is known, or there were too few to grade on. */
function trustAll({ r2, r2Low, r2High, queries }: Explanation['fit']): string {
  const all = `all ${count(queries)} maskings were evaluated`;
  if (r2 > EXACT_R2) return `Exact: ${all}`;
  if (r2Low < r2High) return 'Not graded: no mask was left over for that; more passes help (--budget)';
  return `A${all.slice(1)}, so the values carry no sampling error; R² ${r2.toFixed(2).replace('-', '−')}: that much of their variation this explains`;
}

/** With fewer passes than this combinations that matter may not have come up at all. */
const ENOUGH_PASSES = 100;
const RARE = 'Rare combinations may not have been seen yet';
/** What leaves less to be told. */
const COARSER: Readonly<Record<string, string>> = {
  text: ', or coarser units (--units sentence)',
  patches: ', or fewer patches (--grid)',
  windows: ', or longer windows (--window)',
};

function warning({ fit: f, lens }: Explanation): string | null {
  if (f.r2 >= FAIR_R2) return f.heldOut > 0 && f.queries < ENOUGH_PASSES ? `! ${RARE}: these are ${count(f.queries)} passes.` : null;
  const own = methodIndex(f.chosen);
  if (own !== null)
    return `! As a sum these ${own} are a poor account of what was explained: more goes on together than they can say. Their own errors are those given; auto finds what acts together.`;
  if (f.heldOut === 0) return null;
  if (f.r2 >= POOR_R2)
    return `! R² is below 0.7: the large effects hold, but do not rely on small ones. ${RARE}; more passes help (--budget).`;
  const coarser = COARSER[lens] ?? (isOfModel({ lens }) ? ', or fewer layers (--layers)' : '');
  return `! Poor fit: at this number of passes what was explained is not captured; do not rely on the effects. ${RARE}. Use more passes (--budget)${coarser}.`;
}

function method({ fit: f, method: asked }: Explanation): string {
  const said = asked === f.chosen ? f.chosen : `${asked} took ${f.chosen}`;
  const early = (folds?: number) => (folds === undefined ? '' : ` in the first ${folds === 1 ? 'fold' : `${folds} folds`}, then dropped`);
  const candidates = f.candidates.map((c) => `${c.method} ${c.r2.toFixed(2).replace('-', '−')}${early(c.folds)}`).join(', ');
  return `method ${said}${candidates ? ` (cross-validated R²: ${candidates})` : ''}`;
}

/** Larger groups than three are told together. */
const DEGREES_TOLD = 4;

function structure({ structure: s }: Explanation): string[] {
  if (s === undefined || s.terms === 0) return [];
  const told = s.energy.slice(0, DEGREES_TOLD);
  for (const share of s.energy.slice(DEGREES_TOLD)) told[DEGREES_TOLD - 1] += share;
  const names = ['alone', 'in pairs', 'in threes', 'in larger groups'];
  const shares = told.map((share, i) => `${percent(share)} ${names[i]}`).join(', ');
  const hold = s.terms === 1 ? '1 coefficient holds' : `${count(s.terms)} coefficients hold`;
  return [`energy ${shares} · ${hold} 95 % · hierarchy DSR ${s.dsr.toFixed(2)}, SCR ${s.scr.toFixed(2)}`];
}

/** Which backend, adapter and model the numbers come from. */
export function deviceLines({ device: d, model, server, timing }: Explanation): string[] {
  if (!d) return [];
  if (server) {
    const { requests = 0, retries = 0, tokens = 0 } = timing;
    const again = retries > 0 ? ` (${count(retries)} tried again)` : '';
    const { floor, system } = server;
    return [
      `server ${visible(d.adapter)}${model ? ` · model ${visible(model.id)}` : ''}`,
      ...(system === undefined ? [] : [`system message: “${visible(system)}”`]),
      ...(floor ? [`floor: ${floor.rule}; so ${floor.masks.map(count).join(' and ')} masks`] : []),
      `${count(requests)} requests${again} · ${count(tokens)} tokens`,
    ];
  }
  const software = d.software && d.backend === 'webgpu' ? ' (software: results right, speed meaningless)' : '';
  return [
    `${d.backend} · ${visible(d.adapter)}${software}`,
    ...(model ? [`model ${visible(model.id)}${model.dtype === 'f32' ? '' : `, ${visible(model.dtype)}`}`] : []),
  ];
}

function provenance(e: Explanation, width: number): string[] {
  const { fit: f, timing } = e;
  const rate = timing.masksPerSecond >= 10 ? count(timing.masksPerSecond) : timing.masksPerSecond.toFixed(1);
  const passes =
    timing.masksPerSecond > 0
      ? `${count(f.queries)} of ${count(f.budget)} passes · ${rate} a second · seed ${e.seed}`
      : `${count(f.queries)} masks given · seed ${e.seed}`;
  const averaged = e.index === 'Fourier' || e.index === 'Moebius' ? e.index : `${e.index}: averaged over maskings of the rest`;
  const masked = isOfModel(e) ? `${visible(e.units)} · ablation ${visible(e.mask)}` : `units ${visible(e.units)} · mask ${visible(e.mask)}`;
  const how = `${averaged} · orders to ${e.maxOrder} · ${masked}`;
  const locked = e.locked ? [`never masked: ${e.locked.map(([start, end]) => `“${visible(e.text.slice(start, end))}”`).join(', ')}`] : [];
  return [...locked, passes, method(e), ...structure(e), ...deviceLines(e), ...(e.lens === 'function' ? [averaged] : [how])].flatMap(
    (line) => wrap(line, width),
  );
}

/** What the stop rule and the audit found. */
function assurances({ fit: { until, audit, priorTexts } }: Explanation): string[] {
  const bound = (r2: number) => (r2 < 0 ? 'below 0' : r2.toFixed(2));
  return [
    ...(audit
      ? [`Audited: R² ${audit.r2.toFixed(2).replace('-', '−')} on ${count(audit.masks)} fresh masks (${intervalOf(audit)}), fitted since`]
      : []),
    ...(priorTexts === undefined ? [] : [`Begun from what ${count(priorTexts)} other texts say of which words matter`]),
    ...(until?.reached ? [`Stopped: R² is at least ${until.r2} with 95 % confidence (bound ${bound(until.bound)})`] : []),
    ...(until && !until.reached ? [`! R² ${until.r2} was not reached with 95 % confidence (bound ${bound(until.bound)})`] : []),
  ];
}

/** How far the explanation holds, and a warning where that is not far. */
export function trustLines(e: Explanation, width: number, style: Style): string[] {
  const warned = warning(e);
  return [
    ...wrap(trust(e), width),
    ...assurances(e).flatMap((line) => wrap(line, width).map(line.startsWith('!') ? style.warn : (text) => text)),
    ...(warned === null ? [] : wrap(warned, width).map(style.warn)),
  ];
}

function mapOf(e: Explanation, width: number, style: Style): string[] {
  const map = isOfModel(e) || e.lens === 'patches' ? mapLines(e, width, style) : [];
  return map.length > 0 ? ['', ...map] : [];
}

/** An explanation as lines for a terminal of `width` columns: the answer, the text, the effects, how far to trust them, where it ran. */
export function reportLines(e: Explanation, width: number, style: Style): string[] {
  const labels = playerLabels(e);
  return [
    ...prediction(e, style),
    ...(e.text === '' ? [] : ['', ...glossLines(e, width, style)]),
    ...mapOf(e, width, style),
    ...effects(e, labels, width, style),
    '',
    ...trustLines(e, width, style),
    ...provenance(e, width).map(style.dim),
  ];
}
