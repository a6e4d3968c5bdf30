import { WebspexError } from '../core/errors.ts';
import type { IndexName } from '../spectrum/index-weights.ts';
import { VERSION } from '../version.ts';
import type { Explanation } from './document.ts';

/** The schema written here is that of this version of shapiq; later ones read it too. */
const SHAPIQ_VERSION = '1.4.1';
/** Indices that shapiq knows by the same name. */
const SHARED: readonly IndexName[] = ['FBII', 'BII', 'BV', 'SV', 'SII', 'k-SII', 'STII', 'FSII', 'Moebius'];

/** What shapiq's `InteractionValues.load` reads and `.save` writes: members as "0,3", the empty set as "Empty". */
export interface ShapiqFile {
  readonly object_name: 'InteractionValues';
  readonly data_type: 'interaction_values';
  readonly version: string;
  readonly created_from: string | null;
  readonly description: string | null;
  readonly timestamp: string | null;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly metadata: {
    readonly n_players: number;
    readonly index: string;
    readonly max_order: number;
    readonly min_order: number;
    readonly estimated: boolean;
    readonly estimation_budget: number | null;
    readonly baseline_value: number;
  };
  readonly data: Readonly<Record<string, number>>;
}

/** Interaction values from elsewhere. */
export interface InteractionValues {
  readonly players: number;
  readonly index: string;
  readonly minOrder: number;
  readonly maxOrder: number;
  readonly estimated: boolean;
  /** Evaluations spent on them, where the file says. */
  readonly budget: number | null;
  readonly baseline: number;
  /** In the order of the file, members ascending; the empty set where the file has it. */
  readonly interactions: readonly { readonly members: readonly number[]; readonly value: number }[];
}

/** Whether shapiq has that index. @throws usage where it has not. */
export function checkShapiqIndex(index: string): void {
  if (!SHARED.some((name) => name === index))
    throw new WebspexError(
      'usage',
      `shapiq: expected one of ${SHARED.join(', ')}, got ${index}, which shapiq does not have; choose another index`,
    );
}

/** The value that shapiq gives to the empty set in exact computation. */
function emptyValue({ index, maxOrder, spectrum, values }: Explanation): number {
  const sum = (weight: (size: number) => number) =>
    spectrum.reduce((s, { members, coefficient }) => s + weight(members.length) * coefficient, 0);
  if (index === 'FBII') return sum((size) => (size <= maxOrder ? 1 : 0));
  if (index === 'BII' || index === 'BV') return sum((size) => (size === 0 ? 1 : 0));
  if (index === 'SII') return sum((size) => (size % 2 ? 0 : 1 / (size + 1)));
  return values.empty;
}

/** An explanation as the JSON that shapiq's `InteractionValues.load` reads. @throws usage for the index Fourier, which shapiq does not have. */
export function toShapiq(e: Explanation): ShapiqFile {
  checkShapiqIndex(e.index);
  const empty = emptyValue(e);
  const single = e.index === 'SV' || e.index === 'BV';
  const data: [string, number][] = [['Empty', empty]];
  const errors: [string, number][] = [];
  for (const { members, value, se } of e.interactions) {
    data.push([members.join(), value]);
    errors.push([members.join(), se]);
  }
  return {
    object_name: 'InteractionValues',
    data_type: 'interaction_values',
    version: SHAPIQ_VERSION,
    created_from: `webspex ${VERSION}, method ${e.fit.chosen}`,
    description: e.text === '' ? null : e.text,
    timestamp: null,
    parameters: {
      players: e.players.map(({ label }) => label),
      target: e.target,
      scalar: e.scalar,
      seed: e.seed,
      r2: e.fit.r2,
      standard_errors: Object.fromEntries(errors),
    },
    metadata: {
      n_players: e.players.length,
      index: e.index,
      max_order: single ? 1 : Math.min(e.maxOrder, e.players.length),
      min_order: 0,
      estimated: e.interactions.some(({ se }) => se > 0) || e.fit.heldOut > 0,
      estimation_budget: e.fit.queries,
      baseline_value: e.index === 'FBII' ? empty : e.values.empty,
    },
    data: Object.fromEntries(data),
  };
}

function bad(where: string, expected: string, got: unknown): never {
  const said = typeof got === 'object' ? (got === null ? 'null' : 'an object') : JSON.stringify(got);
  throw new WebspexError(
    'bad-file',
    `shapiq file: expected ${where} to be ${expected}, got ${said}; use a file that InteractionValues.save wrote`,
  );
}

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : bad(where, 'an object', value);
}

function whole(value: unknown, where: string, low: number): number {
  return Number.isInteger(value) && (value as number) >= low ? (value as number) : bad(where, `a whole number from ${low}`, value);
}

function finite(value: unknown, where: string): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : bad(where, 'a finite number', value);
}

function membersFrom(key: string, players: number): number[] {
  if (key === 'Empty') return [];
  const members = key.split(',').map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  const sorted = [...members].sort((a, b) => a - b);
  const fits = sorted.every((m, i) => m < players && m !== sorted[i - 1]);
  return fits
    ? sorted
    : bad(`data ${JSON.stringify(key.slice(0, 40))}`, `different players below ${players} with commas between`, key.slice(0, 40));
}

/** Reads what shapiq's `InteractionValues.save` wrote, from parsed JSON of unknown origin. @throws bad-file naming the field. */
export function fromShapiq(value: unknown): InteractionValues {
  const file = record(value, 'the file');
  const metadata = record(file.metadata, 'metadata');
  const players = whole(metadata.n_players, 'metadata.n_players', 1);
  const budget = metadata.estimation_budget ?? null;
  const { index, estimated } = metadata;
  return {
    players,
    index: typeof index === 'string' ? index : bad('metadata.index', 'a string', index),
    minOrder: whole(metadata.min_order, 'metadata.min_order', 0),
    maxOrder: whole(metadata.max_order, 'metadata.max_order', 0),
    estimated: typeof estimated === 'boolean' ? estimated : bad('metadata.estimated', 'true or false', estimated),
    budget: budget === null ? null : whole(budget, 'metadata.estimation_budget', 0),
    baseline: finite(metadata.baseline_value, 'metadata.baseline_value'),
    interactions: Object.entries(record(file.data, 'data')).map(([key, v]) => ({
      members: membersFrom(key, players),
      value: finite(v, `data ${JSON.stringify(key.slice(0, 40))}`),
    })),
  };
}
