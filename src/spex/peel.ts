import { type Bins, projection, type Trace, traceOf } from './bins.ts';
import { createDecoder, decodeHard, decodeSoft } from './decode.ts';
import type { SpexPlan } from './plan.ts';

/** A bin below this mean square is a zeroton: rounding (the released configuration takes values as free of noise). */
const ZEROTON = 1e-9;
/** A frequency is accepted where it leaves less than this share of the bin's energy: it need only dominate, later rounds mend the rest. */
const RESIDUAL = 0.9;
const MOST_ROUNDS = 100;
/** After so many rounds the loop ends as soon as as many rounds have brought no new frequency. */
const TRAP = 15;

export interface PeelOptions {
  /** `soft` (default): Chase decoding with the 2t least reliable bits; `hard`: signs alone. */
  readonly decoding?: 'soft' | 'hard';
  readonly breathe?: () => Promise<void>;
}

/** A frequency that was peeled, and the sum of what was taken off. */
export interface Peeled {
  readonly trace: Trace;
  readonly coefficient: number;
}

interface Singleton {
  readonly trace: Trace;
  sum: number;
  count: number;
}

/**
 * Message passing (SPEX §2.6–2.7 of its released form): every bin that changed is decoded to the frequency that dominates it; those that pass
 * the residual test and hash to their bin are averaged over the bins that name them, taken off in every group, and the bins they touched are
 * looked at again. The bins are used up.
 */
export async function peel(plan: SpexPlan, bins: Bins, { decoding = 'soft', breathe }: PeelOptions = {}): Promise<Peeled[]> {
  const { code, groups } = plan;
  const { b, delays, values } = bins;
  const decoder = createDecoder(code);
  const open = new Uint8Array(groups.length << b).fill(1);
  const peeled = new Map<string, { trace: Trace; coefficient: number }>();
  const found: number[] = [];

  /** The frequency that a bin's signs spell; ∅ where no codeword is near, which then has to pass the tests like any other. */
  const spell = (at: number): readonly number[] => {
    const sign = values[at] < 0 ? -1 : 1;
    const reliabilities = new Float64Array(delays - 1);
    for (let i = 1; i < delays; i++) reliabilities[i - 1] = sign * values[at + i];
    const decoded =
      decoding === 'soft'
        ? decodeSoft(decoder, reliabilities)
        : decodeHard(
            decoder,
            Uint8Array.from(reliabilities, (r) => (r < 0 ? 1 : 0)),
          );
    return decoded?.members ?? [];
  };

  for (let round = 0; round < MOST_ROUNDS && open.includes(1); round++) {
    const trapped = round >= TRAP && found[round - 1] === found[round - TRAP];
    const singletons = new Map<string, Singleton>();
    for (let place = 0; place < open.length; place++) {
      if (!open[place]) continue;
      const at = place * delays;
      const energy = squares(values, at, delays);
      open[place] = 0;
      if (energy <= ZEROTON * delays) continue;
      const trace = traceOf(code, groups, b, spell(at));
      const coefficient = projection(values, at, delays, trace.signature) / delays;
      const group = place >> b;
      // ‖U − ρs‖² = ‖U‖² − (p + 1)ρ², ρ being the projection.
      const left = energy - delays * coefficient * coefficient;
      if (left / energy < RESIDUAL && trace.bins[group] === place - (group << b)) collect(singletons, trace, coefficient);
      await breathe?.();
    }
    for (const { trace, sum, count } of singletons.values()) {
      subtract(values, delays, b, trace, sum / count, open);
      const key = trace.members.join();
      const before = peeled.get(key);
      if (before) before.coefficient += sum / count;
      else peeled.set(key, { trace, coefficient: sum / count });
    }
    found.push(peeled.size);
    if (trapped) break;
  }
  return [...peeled.values()];
}

function squares(values: Float64Array, at: number, count: number): number {
  let sum = 0;
  for (let i = at; i < at + count; i++) sum += values[i] * values[i];
  return sum;
}

function collect(singletons: Map<string, Singleton>, trace: Trace, coefficient: number): void {
  const key = trace.members.join();
  const known = singletons.get(key);
  if (known) {
    known.sum += coefficient;
    known.count++;
  } else singletons.set(key, { trace, sum: coefficient, count: 1 });
}

/** Takes a frequency off its bin in every group, and opens those bins again. */
function subtract(
  values: Float64Array,
  delays: number,
  b: number,
  { signature, bins }: Trace,
  coefficient: number,
  open: Uint8Array,
): void {
  for (const [group, bin] of bins.entries()) {
    const place = (group << b) + bin;
    open[place] = 1;
    for (let i = 0; i < delays; i++) values[place * delays + i] -= (signature[i >> 5] >>> (i & 31)) & 1 ? -coefficient : coefficient;
  }
}
