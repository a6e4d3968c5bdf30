import { type ErrorCode, WebspexError } from '../../core/errors.ts';

/** One way to compute the same product. */
export interface Contender<Name extends string = string> {
  readonly name: Name;
  /** Computes once and compares; says what is wrong, or null. Its first run, so that the timed ones are warm. */
  check(): Promise<string | null>;
  /** Computes so many times over, to the end. */
  run(times: number): Promise<void>;
}

export interface RaceEntry<Name extends string = string> {
  readonly name: Name;
  /** The quickest product, in milliseconds; null for one that is out. */
  readonly ms: number | null;
  /** Why it is out; empty where it is not. */
  readonly why: string;
}

export interface Race<Name extends string = string> {
  readonly winner: Name;
  readonly entries: readonly RaceEntry<Name>[];
}

export interface RaceOptions {
  /** Milliseconds on a clock of any origin. */
  readonly now?: () => number;
  /** The race ends with the round in which this much time has passed; default 100. */
  readonly budgetMs?: number;
}

/** A sample lasts this long at least, as clocks and completion reports in browsers are good to about a millisecond. */
const SAMPLE_MS = 6;
const MOST_TIMES = 64;
/** Whoever is this much slower than the first is not asked again. */
const HOPELESS = 1.5;

/**
 * Checks each contender, then times those that are right in turns, and takes the quickest single sample of each: other work only ever
 * adds time. A contender that throws is out; a lost device ends the race.
 * @throws self-check where nobody is right, device-lost.
 */
export async function race<Name extends string>(contenders: readonly Contender<Name>[], options: RaceOptions = {}): Promise<Race<Name>> {
  const now = options.now ?? (() => performance.now());
  const out = new Map<Name, string>();
  for (const { name, check } of contenders) {
    const wrong = await attempt(check);
    if (wrong !== null) out.set(name, wrong);
  }
  const best = new Map<Name, number>();
  const sample = async ({ name, run }: Contender<Name>, times: number) => {
    const start = now();
    const wrong = await attempt(async () => {
      await run(times);
      return null;
    });
    if (wrong === null) best.set(name, Math.min((now() - start) / times, best.get(name) ?? Number.POSITIVE_INFINITY));
    else out.set(name, wrong);
  };
  const left = () => contenders.filter(({ name }) => !out.has(name));
  const fastest = () => Math.min(...left().map(({ name }) => best.get(name) ?? Number.POSITIVE_INFINITY));

  const start = now();
  for (const contender of left()) await sample(contender, 1);
  const times = Math.min(MOST_TIMES, Math.max(1, Math.ceil(SAMPLE_MS / Math.max(fastest(), SAMPLE_MS / MOST_TIMES))));
  // The first samples say how long a longer one has to be, no more.
  best.clear();
  do {
    for (const contender of left()) {
      const mine = best.get(contender.name);
      if (mine === undefined || mine <= HOPELESS * fastest()) await sample(contender, times);
    }
  } while (left().length > 0 && now() - start < (options.budgetMs ?? 100));

  const [winner] = left().sort((a, b) => (best.get(a.name) ?? 0) - (best.get(b.name) ?? 0));
  const entries = contenders.map(({ name }) => ({
    name,
    ms: out.has(name) ? null : (best.get(name) ?? null),
    why: out.get(name) ?? '',
  }));
  if (!winner)
    throw new WebspexError(
      'self-check',
      `WebGPU: expected a product that is right, got none (${entries.map(({ name, why }) => `${name}: ${why}`).join('; ')}); use device wasm`,
    );
  return { winner: winner.name, entries };
}

const ENDS_THE_RACE: readonly ErrorCode[] = ['device-lost', 'out-of-memory'];

async function attempt(work: () => Promise<string | null>): Promise<string | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WebspexError && ENDS_THE_RACE.includes(error.code)) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}
